"""The experiment of the series' cover letter: where does a guest's cycle counter count?

A guest enables its cycle counter and reads it twice.  The values depend on the PMU that
KVM uses, on the CPU that the vCPU runs on, and on the kernel.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_kvmpmu.data.host import Host, Pmu, format_cpus
from pytest_kvmpmu.kvm import Kvm, KvmError, UnexpectedExit, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.plugin.story import StoryFixture
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import FailEntry

PmuGuest = Callable[..., Vcpu]
DEFAULT, CHOSEN = "default PMU", "with SET_PMU"

pytestmark = pytest.mark.kvmpmu_requires("pmu")
two_pmus = pytest.mark.kvmpmu_requires("two-pmus")
each_pmu = pytest.mark.parametrize("which", [0, -1], ids=["first-pmu", "last-pmu"])
needs_counting = pytest.mark.kvmpmu_requires("counting")


def cycle_counter(vcpu: Vcpu) -> str:
    """Run the cycle-counter test once and return the result as text."""
    try:
        reads = vcpu.run_payload("cycle-counter")
    except UnexpectedExit as left:
        if left.exit.reason != k.KVM_EXIT_FAIL_ENTRY or left.exit.fail_entry is None:
            raise
        return f"refused: KVM_EXIT_FAIL_ENTRY, cpu {left.exit.fail_entry.cpu}"
    except KvmError as error:
        return f"refused: KVM_RUN = -1 {Errno(error.errno).name}"
    if 0 < reads["first"] < reads["second"]:
        return "counts"
    if reads["first"] == reads["second"] == 0:
        return "stuck at 0"
    return f"neither counts nor stands still: {reads}"


def seen(vcpu: Vcpu, pmu: Pmu) -> str:
    """The result on the CPUs of ``pmu``, or each different result."""
    results = {cpu: cycle_counter(vcpu.on(cpu)) for cpu in sorted(pmu.cpus)}
    return " / ".join(dict.fromkeys(results.values()))


def runs_on(pmu: Pmu) -> str:
    return f"run on CPUs {format_cpus(pmu.cpus)} ({pmu.name})"


def moved(start: Pmu, other: Pmu) -> tuple[int, int, str]:
    """A CPU of each, and the story's row for a set-up on the first and a run on the second."""
    here, there = max(start.cpus), min(other.cpus)
    return here, there, f"set up on CPU {here}, run on CPU {there}"


@needs_counting
@two_pmus
@pytest.mark.kvmpmu_clause("default-pmu.first-registered")
def test_the_first_pmu_counts_without_set_pmu(
    pmu_guest: PmuGuest, pmus: tuple[Pmu, ...], story: StoryFixture
) -> None:
    result = seen(pmu_guest(min(pmus[0].cpus)), pmus[0])
    story(runs_on(pmus[0]), DEFAULT, result)
    assert result == "counts"


@needs_counting
@two_pmus
@pytest.mark.kvmpmu_clause("default-pmu.first-registered", "default-pmu.stuck")
def test_any_other_pmus_cpus_are_stuck_without_set_pmu(
    pmu_guest: PmuGuest, pmus: tuple[Pmu, ...], story: StoryFixture
) -> None:
    result = seen(pmu_guest(min(pmus[-1].cpus)), pmus[-1])
    story(runs_on(pmus[-1]), DEFAULT, result)
    assert result == "stuck at 0"


@needs_counting
@each_pmu
@pytest.mark.kvmpmu_revision(since="linux-6.4")
def test_a_vm_set_up_and_run_on_one_pmu_counts_without_set_pmu(
    which: int, pmu_guest: PmuGuest, pmus: tuple[Pmu, ...], story: StoryFixture
) -> None:
    result = seen(pmu_guest(min(pmus[which].cpus)), pmus[which])
    story(runs_on(pmus[which]), DEFAULT, result)
    assert result == "counts"


@needs_counting
@each_pmu
@pytest.mark.kvmpmu_clause("set-pmu.counts")
def test_the_chosen_pmu_counts_on_all_its_cpus(
    which: int, pmu_guest: PmuGuest, pmus: tuple[Pmu, ...], story: StoryFixture
) -> None:
    pmu = pmus[which]
    result = seen(pmu_guest(min(pmu.cpus), pmu), pmu)
    story(runs_on(pmu), CHOSEN, result)
    assert result == "counts"


@needs_counting
@two_pmus
@pytest.mark.kvmpmu_clause("default-pmu.first-registered", "default-pmu.stuck")
@each_pmu
def test_a_move_away_from_the_first_pmu_is_what_stops_the_counter(
    which: int, pmu_guest: PmuGuest, pmus: tuple[Pmu, ...], story: StoryFixture
) -> None:
    here, there, row = moved(pmus[which], pmus[-1 - which])
    result = cycle_counter(pmu_guest(here).on(there))
    story(row, DEFAULT, result)
    assert result == ("counts" if there in pmus[0].cpus else "stuck at 0")


@needs_counting
@two_pmus
@pytest.mark.kvmpmu_clause("default-pmu.calling-cpu", "default-pmu.stuck")
@each_pmu
def test_a_move_away_from_the_cpu_of_vcpu_init_stops_the_counter(
    which: int, pmu_guest: PmuGuest, pmus: tuple[Pmu, ...], story: StoryFixture
) -> None:
    here, there, row = moved(pmus[which], pmus[-1 - which])
    result = cycle_counter(pmu_guest(here).on(there))
    story(row, DEFAULT, result)
    assert result == "stuck at 0"


@two_pmus
@pytest.mark.kvmpmu_clause("run.enoexec.cpu")
@each_pmu
def test_a_run_on_another_pmus_cpu_is_an_exec_format_error(
    which: int, pmu_guest: PmuGuest, pmus: tuple[Pmu, ...], story: StoryFixture
) -> None:
    here, there, row = moved(pmus[which], pmus[-1 - which])
    result = cycle_counter(pmu_guest(here, pmus[which]).on(there))
    story(row, CHOSEN, result)
    assert result == "refused: KVM_RUN = -1 ENOEXEC"


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.fail-entry")
@each_pmu
def test_a_run_on_another_pmus_cpu_is_a_failed_entry_on_that_cpu(
    which: int, pmu_guest: PmuGuest, pmus: tuple[Pmu, ...], story: StoryFixture
) -> None:
    here, there, row = moved(pmus[which], pmus[-1 - which])
    result = cycle_counter(pmu_guest(here, pmus[which]).on(there))
    story(row, CHOSEN, result)
    assert result == f"refused: KVM_EXIT_FAIL_ENTRY, cpu {there}"


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.fail-entry", "set-pmu.repeats")
@each_pmu
def test_each_run_on_each_other_cpu_fails_with_reason_and_cpu(
    which: int, pmu_guest: PmuGuest, pmus: tuple[Pmu, ...], host: Host
) -> None:
    chosen = pmus[which]
    vcpu = pmu_guest(min(chosen.cpus), chosen)
    for cpu in sorted(set(host.cpus) - chosen.cpus) * 2:
        exit = vcpu.on(cpu).run()
        assert exit.reason == k.KVM_EXIT_FAIL_ENTRY
        assert exit.fail_entry == FailEntry(k.KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED, cpu)


@two_pmus
@pytest.mark.kvmpmu_clause("fail-entry.cpu", "set-pmu.fail-entry")
def test_the_cpu_of_a_failed_entry_needs_no_capability(
    kvm: Kvm, vm: Vm, pmu_guest: PmuGuest, pmus: tuple[Pmu, ...]
) -> None:
    assert kvm.check_extension("KVM_CAP_LAST_CPU") == 0
    assert vm.check_extension("KVM_CAP_LAST_CPU") == 0
    wrong = max(pmus[-1].cpus)
    exit = pmu_guest(min(pmus[0].cpus), pmus[0]).on(wrong).run()
    assert exit.fail_entry is not None
    assert exit.fail_entry.cpu == wrong


@needs_counting
@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.fail-entry", "set-pmu.repeats")
@each_pmu
def test_a_good_cpu_runs_the_guest_right_after_a_failed_entry(
    which: int, pmu_guest: PmuGuest, pmus: tuple[Pmu, ...]
) -> None:
    good, bad, _ = moved(pmus[which], pmus[-1 - which])
    vcpu = pmu_guest(good, pmus[which])
    assert vcpu.on(bad).run().reason == k.KVM_EXIT_FAIL_ENTRY
    assert cycle_counter(vcpu.on(good)) == "counts"
    assert vcpu.on(bad).run().reason == k.KVM_EXIT_FAIL_ENTRY
    assert cycle_counter(vcpu.on(good)) == "counts"


@two_pmus
@pytest.mark.kvmpmu_clause(
    "set-pmu.fail-entry", "set-pmu.failed-entry-is-run", "set-pmu.ebusy.vcpu-ran"
)
def test_a_failed_entry_counts_as_a_run(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu], pmus: tuple[Pmu, ...]
) -> None:
    ready, other = vm_with_two_vcpus
    ready.set_pmu(pmus[0])
    ready.init_pmu()
    other.set_pmu(pmus[0])  # still allowed: nothing ran
    assert ready.on(min(pmus[-1].cpus)).run().reason == k.KVM_EXIT_FAIL_ENTRY
    with refused(Errno.EBUSY):
        other.set_pmu(pmus[0])


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.fail-entry", "set-pmu.vm-wide", "group.vm-scope")
def test_a_vcpu_that_never_called_set_pmu_is_restricted_too(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu], pmus: tuple[Pmu, ...]
) -> None:
    chooser, other = vm_with_two_vcpus
    chooser.set_pmu(pmus[0])
    other.init_pmu()
    wrong = min(pmus[-1].cpus)
    assert other.on(wrong).run().fail_entry == FailEntry(
        k.KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED, wrong
    )


@pytest.mark.kvmpmu_clause("default-pmu.never-restricts")
@each_pmu
def test_the_default_pmu_lets_a_vcpu_run_on_every_cpu(
    which: int, pmu_guest: PmuGuest, pmus: tuple[Pmu, ...], host: Host
) -> None:
    vcpu = pmu_guest(min(pmus[which].cpus))
    for cpu in host.cpus:
        assert vcpu.on(cpu).run_payload("cycle-counter").keys() == {"first", "second"}
