"""Mistakes of virtual machine monitors, and the kernel's answer to each.

Two more happen in sysfs, before any call: a hard-coded PMU name (``armv8_pmuv3_0``), and
a search for PMU names that contain ``armv8``.  Calls do not take names, so these have no
spec; the last two specs show what the kernel uses: the type id of the PMU that covers the
CPU.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.kvm import PMU_PPI, Kvm, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import FailEntry

PmuGuest = Callable[..., Vcpu]

has_pmu = pytest.mark.kvmpmu_requires("pmu")
two_pmus = pytest.mark.kvmpmu_requires("two-pmus")
each_pmu = pytest.mark.parametrize("which", [0, -1], ids=["first-pmu", "last-pmu"])
needs_vgic = pytest.mark.kvmpmu_requires("vgic")
needs_counting = pytest.mark.kvmpmu_requires("counting")
needs_first_pmu = pytest.mark.kvmpmu_requires("first-pmu")


def stuck(vcpu: Vcpu) -> bool:
    """Whether the guest's cycle counter stays 0."""
    return vcpu.run_payload("cycle-counter") == {"first": 0, "second": 0}


# The feature bit is set, but INIT is never called.


@has_pmu
@pytest.mark.kvmpmu_clause("run.einval.pmu")
def test_the_feature_without_init_makes_every_run_fail(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu],
) -> None:
    for vcpu in vm_with_two_vcpus:
        with refused(Errno.EINVAL):
            vcpu.run()


@has_pmu
@pytest.mark.kvmpmu_clause("run.pmu-unchecked", "guest.reads-zero")
def test_the_feature_without_init_gives_guests_that_read_zeros(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu],
) -> None:
    for vcpu in vm_with_two_vcpus:
        assert stuck(vcpu)


@needs_first_pmu
@has_pmu
@pytest.mark.kvmpmu_clause("guest.reads-zero", "run.eintr.immediate-exit")
def test_init_after_the_first_run_comes_too_late_for_the_guest(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu],
) -> None:
    late, right = vm_with_two_vcpus
    with refused(Errno.EINTR):
        late.run(immediate_exit=True)
    for vcpu in (late, right):
        vcpu.init_pmu()
    assert stuck(late)
    assert counting(right)


# The feature bit is requested on a host without a PMU.


@pytest.mark.kvmpmu_requires("no-pmu")
@pytest.mark.kvmpmu_clause("vcpu-init.einval.no-pmu", "cap.arm-pmu-v3")
def test_the_feature_on_a_host_without_pmu_fails_vcpu_init(kvm: Kvm, vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    with refused(Errno.EINVAL):
        vcpu.init_with_pmu()
    assert kvm.check_extension("KVM_CAP_ARM_PMU_V3") == 0  # the VMM should have checked this first
    vcpu.init()


# An error is ignored, and some vCPUs have no INIT.


@needs_first_pmu
@needs_counting
@has_pmu
@pytest.mark.kvmpmu_clause("run.einval.pmu", "irq.einval.number")
def test_an_error_that_is_swallowed_comes_back_when_that_vcpu_runs(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu],
) -> None:
    good, bad = vm_with_two_vcpus
    good.init_pmu()
    with refused(Errno.EINVAL):
        bad.set_irq(8192)
    assert counting(good)
    with refused(Errno.EINVAL):
        bad.run()


@needs_first_pmu
@needs_counting
@has_pmu
@pytest.mark.kvmpmu_clause("run.pmu-unchecked", "guest.reads-zero", "irq.einval.number")
def test_an_error_that_is_swallowed_shows_in_that_vcpus_guest_only(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu],
) -> None:
    good, bad = vm_with_two_vcpus
    good.init_pmu()
    with refused(Errno.EINVAL):
        bad.set_irq(8192)
    assert counting(good)
    assert stuck(bad)


@needs_vgic
@has_pmu
@pytest.mark.kvmpmu_clause("init.enodev.gic", "run.einval.pmu")
def test_an_init_that_comes_before_the_gics_and_is_not_repeated_fails_every_run(
    pair: tuple[Vcpu, Vcpu], vm: Vm
) -> None:
    gic = vm.create_bare_gic()
    for vcpu in pair:
        vcpu.set_irq(PMU_PPI)
        with refused(Errno.ENODEV):
            vcpu.init_pmu()
    with vm.session.batch():
        gic.place()
        gic.init_gic()
        vm.load("cycle-counter")
    for vcpu in pair:
        with refused(Errno.EINVAL):
            vcpu.run()


# The VMM found no PMU and silently uses the default.


@needs_counting
@two_pmus
@pytest.mark.kvmpmu_clause("default-pmu.first-registered", "default-pmu.stuck", "set-pmu.counts")
def test_a_silent_return_to_the_default_stops_the_counter_where_set_pmu_would_count(
    kvm: Kvm, pmus: tuple[Pmu, ...]
) -> None:
    here = min(pmus[-1].cpus)
    silent, told = (_ready(kvm.on(here).create_vm(), pmu) for pmu in (None, pmus[-1]))
    assert stuck(silent)
    assert counting(told)


@needs_counting
@two_pmus
@each_pmu
@pytest.mark.kvmpmu_clause("default-pmu.calling-cpu", "default-pmu.stuck", "set-pmu.fail-entry")
def test_a_silent_return_to_the_default_stops_the_counter_where_set_pmu_would_tell(
    which: int, kvm: Kvm, pmus: tuple[Pmu, ...]
) -> None:
    here, there = min(pmus[which].cpus), min(pmus[-1 - which].cpus)
    silent, told = (_ready(kvm.on(here).create_vm(), pmu) for pmu in (None, pmus[which]))
    assert stuck(silent.on(there))
    assert told.on(there).run().reason == k.KVM_EXIT_FAIL_ENTRY


# The PMU is the main thread's CPU's, but the vCPUs' threads are not pinned.


@needs_counting
@two_pmus
@each_pmu
@pytest.mark.kvmpmu_clause("set-pmu.fail-entry", "set-pmu.counts")
def test_a_pmu_chosen_by_the_main_threads_cpu_refuses_threads_that_are_elsewhere(
    which: int, pmu_guest: PmuGuest, pmus: tuple[Pmu, ...], host: Host
) -> None:
    main = max(pmus[which].cpus)
    chosen = host.pmu_of(main)
    assert chosen is not None
    vcpu = pmu_guest(main, chosen)
    for cpu in host.cpus:
        if cpu in chosen.cpus:
            assert counting(vcpu.on(cpu))
        else:
            assert vcpu.on(cpu).run().fail_entry == FailEntry(
                k.KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED, cpu
            )


# Threads are pinned after KVM_ARM_VCPU_INIT.


@needs_counting
@two_pmus
@each_pmu
@pytest.mark.kvmpmu_clause("default-pmu.first-set", "default-pmu.stuck")
def test_a_thread_pinned_after_vcpu_init_and_before_the_first_set_has_the_pmu_of_where_it_is(
    which: int, vm: Vm, pmus: tuple[Pmu, ...]
) -> None:
    before, after = min(pmus[which].cpus), min(pmus[-1 - which].cpus)
    vcpu = vm.on(before).create_vcpu(0)
    vcpu.init_with_pmu()
    pinned = _rest(vm.on(after), vcpu.on(after), None)
    assert counting(pinned)
    assert stuck(pinned.on(before))


@needs_counting
@two_pmus
@each_pmu
@pytest.mark.kvmpmu_clause("default-pmu.calling-cpu", "default-pmu.stuck")
def test_a_thread_pinned_after_vcpu_init_has_the_pmu_of_where_it_was(
    which: int, vm: Vm, pmus: tuple[Pmu, ...]
) -> None:
    before, after = min(pmus[which].cpus), min(pmus[-1 - which].cpus)
    vcpu = vm.on(before).create_vcpu(0)
    vcpu.init_with_pmu()
    pinned = _rest(vm.on(after), vcpu.on(after), None)
    assert stuck(pinned)
    assert counting(pinned.on(before))


# KVM_EXIT_FAIL_ENTRY is taken as success, or reported without CPU and reason.


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.fail-entry")
def test_a_failed_entry_is_a_success_of_the_ioctl(
    pmu_guest: PmuGuest, pmus: tuple[Pmu, ...]
) -> None:
    wrong = max(pmus[-1].cpus)
    outcome = pmu_guest(min(pmus[0].cpus), pmus[0]).on(wrong).call("KVM_RUN")
    assert outcome.ret == 0
    assert outcome.exit is not None
    assert outcome.exit.reason == k.KVM_EXIT_FAIL_ENTRY
    assert outcome.exit.fail_entry == FailEntry(k.KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED, wrong)


# The PMU is hard-coded, or found by its name.


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.fail-entry", "set-pmu.set")
def test_whichever_pmu_was_written_into_the_program_some_cpu_refuses_it(
    kvm: Kvm, pmus: tuple[Pmu, ...], host: Host
) -> None:
    for fixed in pmus:
        vcpu = _ready(kvm.on(host.cpus[0]).create_vm(), fixed)
        for cpu in sorted(set(host.cpus) - fixed.cpus):
            assert vcpu.on(cpu).run().reason == k.KVM_EXIT_FAIL_ENTRY


@needs_counting
@has_pmu
@pytest.mark.kvmpmu_clause("set-pmu.set", "set-pmu.counts")
def test_the_pmu_of_a_cpu_is_found_by_its_cpus_whatever_it_is_called(
    kvm: Kvm, pmus: tuple[Pmu, ...], host: Host
) -> None:
    for cpu in (max(pmu.cpus) for pmu in pmus):
        found = host.pmu_of(cpu)
        assert found is not None
        assert counting(_ready(kvm.on(cpu).create_vm(), found))


def _ready(vm: Vm, pmu: Pmu | None) -> Vcpu:
    """A vCPU that is ready to run the cycle-counter payload."""
    vcpu = vm.create_vcpu(0)
    vcpu.init_with_pmu()
    return _rest(vm, vcpu, pmu)


def _rest(vm: Vm, vcpu: Vcpu, pmu: Pmu | None) -> Vcpu:
    """The steps after KVM_ARM_VCPU_INIT."""
    with vm.session.batch():
        vm.connect(vcpu)
        if pmu is not None:
            vcpu.set_pmu(pmu)
        vcpu.init_pmu()
        vm.load("cycle-counter")
    return vcpu
