"""api.rst 4.10, KVM_RUN: its errors and their order, and which calls count as a run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_kvmpmu.data.gic import GICS, Gic
from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import CallHung, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno

BASE = 0x0800_0000
GICV3 = GICS[3]
PmuGuest = Callable[..., Vcpu]
needs_gicv3 = pytest.mark.kvmpmu_requires("gicv3")
two_pmus = pytest.mark.kvmpmu_requires("two-pmus")
needs_vgic = pytest.mark.kvmpmu_requires("vgic")


@pytest.mark.kvmpmu_clause("run.einval.arg")
@pytest.mark.parametrize("initialised", [True, False], ids=["initialised", "not-initialised"])
@pytest.mark.parametrize("arg", [1, 2**64 - 1])
def test_an_argument_is_einval_even_before_enoexec(vm: Vm, arg: int, initialised: bool) -> None:
    vcpu = vm.create_vcpu(0)
    if initialised:
        vcpu.init()
    with refused(Errno.EINVAL):
        vcpu.call("KVM_RUN", arg=arg)


@pytest.mark.kvmpmu_clause("run.enoexec.uninitialized")
@pytest.mark.parametrize("immediate", [False, True], ids=["run", "immediate-exit"])
def test_a_vcpu_that_was_not_initialised_is_enoexec(vm: Vm, immediate: bool) -> None:
    vcpu = vm.create_vcpu(0)
    with refused(Errno.ENOEXEC):
        vcpu.run(immediate_exit=immediate)


@pytest.mark.kvmpmu_clause("run.eintr.immediate-exit", "run.exit-reason")
def test_immediate_exit_is_eintr_and_leaves_the_exit_reason(plain: Vcpu) -> None:
    outcome = plain.attempt("KVM_RUN", immediate_exit=True)
    assert outcome.errno == Errno.EINTR
    assert outcome.exit is not None
    assert outcome.exit.reason == k.KVM_EXIT_UNKNOWN


@pytest.mark.kvmpmu_clause("run.enxio.vgic-bases", "run.first-run")
@pytest.mark.parametrize("given", [(), (0,), (1,)], ids=["none", "first", "second"])
def test_a_gic_without_both_addresses_is_enxio(
    vm: Vm, plain: Vcpu, gic_kind: Gic, given: tuple[int, ...]
) -> None:
    gic = vm.create_bare_gic(gic_kind)
    for frame in given:
        gic.set_address(*gic_kind.frames[frame])
    with refused(Errno.ENXIO):
        plain.run()


@needs_gicv3
@pytest.mark.kvmpmu_clause("run.ebusy.vgic")
def test_a_gic_that_is_not_initialised_is_ebusy(vm: Vm, plain: Vcpu) -> None:
    vm.create_bare_gic(GICV3).place(GICV3)
    with refused(Errno.EBUSY):
        plain.run()


@pytest.mark.kvmpmu_clause("run.einval.vgic-overlap")
@pytest.mark.parametrize("initialise", [True, False], ids=["initialised", "not-initialised"])
def test_overlapping_frames_are_einval_even_before_ebusy(
    vm: Vm, plain: Vcpu, gic_kind: Gic, initialise: bool
) -> None:
    gic = vm.create_bare_gic(gic_kind)
    for frame, _ in reversed(gic_kind.frames):
        gic.set_address(frame, BASE)
    if initialise:
        gic.init_gic()
    with refused(Errno.EINVAL):
        plain.run()


@needs_gicv3
@pytest.mark.kvmpmu_clause("vm-dead.eio", "run.ebusy.vgic")
def test_a_vm_whose_gic_was_not_initialised_is_dead(vm: Vm, plain: Vcpu) -> None:
    vm.create_bare_gic(GICV3).place(GICV3)
    with refused(Errno.EBUSY):
        plain.run()
    with refused(Errno.EIO):
        plain.run()


@pytest.mark.kvmpmu_clause("vm-dead.eio", "run.einval.vgic-overlap")
def test_a_vm_whose_gic_overlapped_is_dead(vm: Vm, plain: Vcpu, gic_kind: Gic) -> None:
    gic = vm.create_bare_gic(gic_kind)
    for frame, _ in reversed(gic_kind.frames):
        gic.set_address(frame, BASE)
    with refused(Errno.EINVAL):
        plain.run()
    with refused(Errno.EIO):
        plain.run()


@pytest.mark.kvmpmu_clause("run.one-try", "run.vgic-torn-down")
def test_a_second_run_goes_ahead_and_the_gic_is_not_initialised_any_more(
    vm: Vm, plain: Vcpu, gic_kind: Gic
) -> None:
    vm.create_bare_gic(gic_kind).init_gic()
    with refused(Errno.ENXIO):
        plain.run()
    with refused(Errno.EINTR):
        plain.run(immediate_exit=True)
    vm.create_vcpu(1)


@pytest.mark.kvmpmu_requires("pmu")
@pytest.mark.kvmpmu_clause("run.einval.pmu", "run.first-run")
@pytest.mark.kvmpmu_revision(since="linux-5.18")
def test_the_check_for_init_is_made_until_it_is_passed(vcpu: Vcpu) -> None:
    for _ in range(2):
        with refused(Errno.EINVAL):
            vcpu.run(immediate_exit=True)
    vcpu.init_pmu()
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)


@pytest.mark.kvmpmu_requires("pmu")
@pytest.mark.kvmpmu_clause("run.einval.pmu", "run.one-try")
def test_the_check_for_init_was_made_once(vcpu: Vcpu) -> None:
    with refused(Errno.EINVAL):
        vcpu.run(immediate_exit=True)
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)


@pytest.mark.kvmpmu_requires("pmu")
@pytest.mark.kvmpmu_clause("run.pmu-unchecked")
def test_a_pmu_that_was_not_initialised_runs(vcpu: Vcpu) -> None:
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)


@pytest.mark.kvmpmu_clause("run.powered-off")
def test_a_powered_off_vcpu_sleeps_whatever_there_is_to_run(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vm.load("cycle-counter")
    vcpu.init((k.KVM_ARM_VCPU_POWER_OFF, k.KVM_ARM_VCPU_PSCI_0_2))
    with pytest.raises(CallHung):
        vcpu.within(0.3).run()


@needs_vgic
@pytest.mark.kvmpmu_clause("run.fetch")
def test_a_guest_without_memory_does_not_come_back(vm: Vm, plain: Vcpu) -> None:
    vm.create_gic()
    with pytest.raises(CallHung):
        plain.within(0.3).run()


@pytest.mark.kvmpmu_clause("run.guest")
def test_a_guest_without_a_program_does_not_come_back(vm: Vm, plain: Vcpu) -> None:
    vm.do("KVM_SET_USER_MEMORY_REGION")
    with pytest.raises(CallHung):
        plain.within(0.3).run()


@pytest.mark.kvmpmu_clause("run.exit-reason", "run.enosys")
def test_a_run_that_tries_the_guest_forgets_the_exit_reason(vm: Vm, plain: Vcpu) -> None:
    with pytest.raises(CallHung):  # nothing to fetch; KVM_EXIT_INTR
        plain.within(0.3).run()
    vm.load("no-syndrome")
    plain.init()
    outcome = plain.attempt("KVM_RUN")
    assert outcome.errno == Errno.ENOSYS
    assert outcome.exit is not None
    assert outcome.exit.reason == k.KVM_EXIT_UNKNOWN


@pytest.mark.kvmpmu_clause("run.exit-reason", "run.guest", "run.eintr.immediate-exit")
@pytest.mark.kvmpmu_requires("pmu")
def test_a_run_that_does_not_try_the_guest_keeps_the_exit_reason(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu],
) -> None:
    vcpu, _ = vm_with_two_vcpus
    vcpu.init_pmu()
    assert vcpu.run().reason == k.KVM_EXIT_MMIO
    outcome = vcpu.attempt("KVM_RUN", immediate_exit=True)
    assert outcome.errno == Errno.EINTR
    assert outcome.exit is not None
    assert outcome.exit.reason == k.KVM_EXIT_MMIO


@pytest.mark.kvmpmu_clause("run.enosys")
def test_an_access_without_memory_and_syndrome_is_enosys_each_time(vm: Vm, plain: Vcpu) -> None:
    vm.load("no-syndrome")
    for _ in range(2):
        with refused(Errno.ENOSYS):
            plain.run()


@two_pmus
@pytest.mark.kvmpmu_clause("run.flag-lingers", "run.enoexec.cpu")
def test_the_flag_of_version_1_outlives_the_run_that_set_it(
    pmu_guest: PmuGuest, pmus: tuple[Pmu, ...]
) -> None:
    vcpu = pmu_guest(min(pmus[0].cpus), pmus[0])
    with refused(Errno.EINTR):
        vcpu.on(min(pmus[-1].cpus)).run(immediate_exit=True)
    with refused(Errno.ENOEXEC):
        vcpu.on(min(pmus[0].cpus)).run()
    with refused(Errno.EINTR):
        vcpu.on(min(pmus[0].cpus)).run(immediate_exit=True)


@two_pmus
@pytest.mark.kvmpmu_clause("run.flag-lingers", "set-pmu.fail-entry")
def test_the_flag_of_version_2_names_a_good_cpu(pmu_guest: PmuGuest, pmus: tuple[Pmu, ...]) -> None:
    good = min(pmus[0].cpus)
    vcpu = pmu_guest(min(pmus[0].cpus), pmus[0])
    with refused(Errno.EINTR):
        vcpu.on(min(pmus[-1].cpus)).run(immediate_exit=True)
    exit = vcpu.on(good).run()
    assert exit.fail_entry is not None
    assert exit.fail_entry.cpu == good


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.fail-entry", "set-pmu.repeats")
def test_an_early_end_on_a_wrong_cpu_leaves_nothing_behind(
    pmu_guest: PmuGuest, pmus: tuple[Pmu, ...]
) -> None:
    vcpu = pmu_guest(min(pmus[0].cpus), pmus[0])
    with refused(Errno.EINTR):
        vcpu.on(min(pmus[-1].cpus)).run(immediate_exit=True)
    assert vcpu.on(min(pmus[0].cpus)).run().reason == k.KVM_EXIT_MMIO


@two_pmus
@pytest.mark.kvmpmu_clause("set-pmu.per-vcpu")
def test_a_vcpu_without_set_pmu_of_its_own_runs_anywhere(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu], pmus: tuple[Pmu, ...]
) -> None:
    chooser, other = vm_with_two_vcpus
    chooser.set_pmu(pmus[0])
    other.init_pmu()
    exit = other.on(min(pmus[-1].cpus)).run()
    assert exit.reason == k.KVM_EXIT_MMIO


@two_pmus
@pytest.mark.kvmpmu_clause("init.enxio.other-pmu", "set-pmu.per-vcpu")
def test_init_compares_the_vcpus_pmus_in_version_3(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu], pmus: tuple[Pmu, ...]
) -> None:
    first, second = vm_with_two_vcpus
    first.set_pmu(pmus[0])
    first.init_pmu()
    second.set_pmu(pmus[-1])
    with refused(Errno.EFAULT):
        second.set_attr(k.KVM_ARM_VCPU_PMU_V3_CTRL, k.KVM_ARM_VCPU_PMU_V3_INIT, argp="fault")
    with refused(Errno.ENXIO):
        second.init_pmu()
    with refused(Errno.EBUSY):
        second.set_pmu(pmus[0])
    with refused(Errno.EBUSY):
        second.init_pmu()
