"""A refused call does not affect later KVM_RUNs, except where another file says otherwise.

Each spec makes a call that is refused, and looks for an effect of it.
"""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.gic import GICS, Gic
from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import PMU_PPI, Device, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, refused
from pytest_kvmpmu.uapi.errno import Errno

BASE = 0x0800_0000
DENY = 1

needs_pmu = pytest.mark.kvmpmu_requires("pmu")
kvmpmu_clause = pytest.mark.kvmpmu_clause
needs_vgic = pytest.mark.kvmpmu_requires("vgic")
needs_counting = pytest.mark.kvmpmu_requires("counting")
needs_first_pmu = pytest.mark.kvmpmu_requires("first-pmu")


@kvmpmu_clause("run.vgic-torn-down", "run.einval.vgic-overlap")
def test_a_gic_that_overlaps_is_not_initialised_any_more(vm: Vm, gic_kind: Gic) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    gic = vm.create_bare_gic(gic_kind)
    for frame, _ in reversed(gic_kind.frames):
        gic.set_address(frame, BASE)
    gic.init_gic()
    with refused(Errno.EINVAL):
        vcpu.run()
    vm.create_vcpu(1)


@needs_vgic
@needs_pmu
@kvmpmu_clause("run.one-try", "run.einval.timer")
def test_a_second_run_goes_ahead_whatever_the_timers_say(vcpu: Vcpu, gic: Device) -> None:
    vcpu.set_irq(27)
    vcpu.init_pmu()
    with refused(Errno.EINVAL):
        vcpu.run(immediate_exit=True)
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)


@needs_vgic
@needs_pmu
@kvmpmu_clause("guest.reads-zero", "run.einval.irq", "run.one-try")
def test_a_second_run_after_one_refused_for_its_interrupt_is_blind(vm: Vm, vcpu: Vcpu) -> None:
    vcpu.init_pmu()
    vm.create_gic()
    vm.load("cycle-counter")
    with refused(Errno.EINVAL):
        vcpu.run()
    assert vcpu.run_payload("cycle-counter") == {"first": 0, "second": 0}


@needs_vgic
@needs_pmu
@kvmpmu_clause("run.einval.irq", "set-pmu.failed-entry-is-run", "filter.vm-wide")
def test_a_run_refused_for_its_interrupt_is_none(pair: tuple[Vcpu, Vcpu]) -> None:
    first, second = pair
    first.init_pmu()
    Vm(first.session, first.vm, first.cpu).create_gic()
    with refused(Errno.EINVAL):
        first.run()
    second.set_filter(0, 0, DENY)


@pytest.mark.kvmpmu_requires("pmu", "gicv3")
@kvmpmu_clause("init.once", "run.ebusy.vgic", "run.one-try")
def test_a_run_refused_for_its_gic_gives_the_timers_no_interrupt(vm: Vm, vcpu: Vcpu) -> None:
    gic = vm.create_bare_gic(GICS[3])
    gic.place(GICS[3])
    with refused(Errno.EBUSY):
        vcpu.run()
    gic.init_gic()
    vcpu.set_irq(27)
    vcpu.init_pmu()


@needs_counting
@needs_vgic
@pytest.mark.kvmpmu_requires("two-pmus")
@kvmpmu_clause("set-pmu.set", "run.einval.pmu", "run.first-run")
def test_a_run_refused_on_a_wrong_cpu_is_not_remembered(
    vm: Vm, vcpu: Vcpu, gic: Device, pmus: tuple[Pmu, ...]
) -> None:
    vcpu.set_irq(PMU_PPI)
    vcpu.set_pmu(pmus[0])
    vm.load("cycle-counter")
    with refused(Errno.EINVAL):
        vcpu.on(min(pmus[-1].cpus)).run()
    vcpu.init_pmu()
    assert counting(vcpu.on(min(pmus[0].cpus)))


@needs_vgic
@kvmpmu_clause("group.enodev.feature")
def test_a_vcpu_without_a_pmu_runs_after_init_was_refused(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    vm.create_gic()
    with refused(Errno.ENODEV):
        vcpu.init_pmu()
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)


@needs_vgic
@needs_pmu
@kvmpmu_clause("group.enodev.feature", "vcpu-init.mixed")
def test_a_vcpu_without_a_pmu_beside_one_runs_after_init_was_refused(vm: Vm, vcpu: Vcpu) -> None:
    vcpu.set_filter(0, 0, DENY)
    plain = vm.create_vcpu(1)
    plain.init()
    with refused(Errno.ENODEV):
        plain.init_pmu()
    vm.create_gic()
    with refused(Errno.EINTR):
        plain.run(immediate_exit=True)


@needs_vgic
@needs_pmu
@pytest.mark.kvmpmu_revision(since="linux-5.18")
@kvmpmu_clause("run.einval.irq", "run.first-run")
def test_a_run_refused_for_its_interrupt_is_refused_again(vm: Vm, vcpu: Vcpu) -> None:
    vcpu.init_pmu()
    vm.create_gic()
    for _ in range(2):
        with refused(Errno.EINVAL):
            vcpu.run()


@needs_first_pmu
@needs_counting
@needs_pmu
@kvmpmu_clause("run.eintr.immediate-exit", "run.guest")
def test_a_run_that_ended_early_leaves_the_guest_its_pmu(vm: Vm, counted: Vcpu) -> None:
    vm.load("cycle-counter")
    with refused(Errno.EINTR):
        counted.run(immediate_exit=True)
    assert counting(counted)
