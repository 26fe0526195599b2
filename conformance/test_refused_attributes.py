"""A refused attribute of the PMU changes no state.

Each spec makes a call that is refused, and looks for an effect of it.
"""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import PMU_PPI, Device, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, let_run, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, Addr

GROUP = k.KVM_ARM_VCPU_PMU_V3_CTRL
IRQ, FILTER, SET_PMU = (
    k.KVM_ARM_VCPU_PMU_V3_IRQ,
    k.KVM_ARM_VCPU_PMU_V3_FILTER,
    k.KVM_ARM_VCPU_PMU_V3_SET_PMU,
)
CYCLES, DENY = 0x11, 1

pytestmark = pytest.mark.kvmpmu_requires("pmu")
two_pmus = pytest.mark.kvmpmu_requires("two-pmus")
kvmpmu_clause = pytest.mark.kvmpmu_clause
since_5_18 = pytest.mark.kvmpmu_revision(since="linux-5.18")
needs_vgic = pytest.mark.kvmpmu_requires("vgic")
needs_counting = pytest.mark.kvmpmu_requires("counting")
needs_first_pmu = pytest.mark.kvmpmu_requires("first-pmu")


def elsewhere(pmus: tuple[Pmu, ...]) -> int:
    """A CPU that the first PMU does not cover."""
    return min(pmus[-1].cpus)


@needs_vgic
@kvmpmu_clause("irq.set", "irq.get.enxio.unset", "group.enodev.feature")
def test_an_interrupt_set_before_vcpu_init_is_not_kept(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vm.create_gic()
    with refused(Errno.ENODEV):
        vcpu.set_irq(PMU_PPI)
    vcpu.init_with_pmu()
    with refused(Errno.ENXIO):
        vcpu.get_attr(GROUP, IRQ)


@needs_vgic
@kvmpmu_clause("irq.set", "irq.get.enxio.unset", "irq.einval.no-irqchip")
def test_an_interrupt_set_before_the_irqchip_is_not_kept(vm: Vm, vcpu: Vcpu) -> None:
    with refused(Errno.EINVAL):
        vcpu.set_irq(PMU_PPI)
    vm.create_gic()
    with refused(Errno.ENXIO):
        vcpu.get_attr(GROUP, IRQ)


@needs_vgic
@kvmpmu_clause("irq.set", "irq.get.enxio.unset")
@pytest.mark.parametrize(
    ("addr", "errno"),
    [
        pytest.param(Addr("int", (-1,)), Errno.EINVAL, marks=kvmpmu_clause("irq.einval.number")),
        pytest.param(Addr("int", (1020,)), Errno.EINVAL, marks=kvmpmu_clause("irq.einval.number")),
        pytest.param(FAULT, Errno.EFAULT, marks=kvmpmu_clause("irq.efault")),
    ],
)
def test_a_number_that_no_interrupt_has_is_not_kept(
    vcpu: Vcpu, gic: Device, addr: Addr, errno: Errno
) -> None:
    with refused(errno):
        vcpu.set_pmu_attr(IRQ, addr)
    with refused(Errno.ENXIO):
        vcpu.get_attr(GROUP, IRQ)


@needs_vgic
@kvmpmu_clause("irq.set", "irq.get.enxio.unset", "irq.einval.other-vcpu")
def test_an_interrupt_that_another_vcpu_rules_out_is_not_kept(pair: tuple[Vcpu, Vcpu]) -> None:
    first, second = pair
    Vm(first.session, first.vm, first.cpu).create_gic()
    first.set_irq(40)
    with refused(Errno.EINVAL):
        second.set_irq(40)
    with refused(Errno.ENXIO):
        second.get_attr(GROUP, IRQ)


@needs_vgic
@kvmpmu_clause("irq.set", "irq.get.enxio.unset", "group.ebusy.initialized")
def test_an_interrupt_set_after_init_is_not_kept(vm: Vm, vcpu: Vcpu) -> None:
    vcpu.init_pmu()
    vm.create_gic()
    with refused(Errno.EBUSY):
        vcpu.set_irq(PMU_PPI)
    with refused(Errno.ENXIO):
        vcpu.get_attr(GROUP, IRQ)


@needs_vgic
@kvmpmu_clause("init.once", "init.einval.spi")
def test_an_init_refused_for_its_spi_is_none(vcpu: Vcpu, gic: Device) -> None:
    vcpu.set_irq(256)
    for _ in range(2):  # and not EBUSY
        with refused(Errno.EINVAL):
            vcpu.init_pmu()


@needs_vgic
@kvmpmu_clause("init.once", "init.eexist", "run.einval.pmu")
def test_an_init_refused_for_a_timers_interrupt_is_none(vcpu: Vcpu, gic: Device) -> None:
    with refused(Errno.EINVAL):
        vcpu.run()
    vcpu.set_irq(27)
    for _ in range(2):
        with refused(Errno.EEXIST):
            vcpu.init_pmu()


@needs_vgic
@kvmpmu_clause("init.once", "init.enodev.gic")
def test_an_init_before_the_gics_is_none(vm: Vm, vcpu: Vcpu) -> None:
    gic = vm.create_bare_gic()
    vcpu.set_irq(PMU_PPI)
    with refused(Errno.ENODEV):
        vcpu.init_pmu()
    gic.init_gic()
    vcpu.init_pmu()


@needs_first_pmu
@needs_counting
@needs_vgic
@kvmpmu_clause("filter.vm-wide", "filter.einval.range", "filter.efault", "group.ebusy.initialized")
def test_a_refused_filter_filters_nothing(vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    here = vm.on(min(pmus[0].cpus))
    vcpu = here.create_vcpu(0)
    with refused(Errno.ENODEV):
        vcpu.set_filter(CYCLES, 1, DENY)
    vcpu.init_with_pmu()
    with refused(Errno.EINVAL):
        vcpu.set_filter(CYCLES, 1, 2)
    with refused(Errno.EFAULT):
        vcpu.set_pmu_attr(FILTER, FAULT)
    here.create_gic()
    vcpu.set_irq(PMU_PPI)
    vcpu.init_pmu()
    with refused(Errno.EBUSY):
        vcpu.set_filter(CYCLES, 1, DENY)
    here.load("cycle-counter")
    assert counting(vcpu)


@needs_first_pmu
@needs_counting
@kvmpmu_clause("filter.vm-wide", "filter.ebusy.vcpu-ran", "set-pmu.failed-entry-is-run")
def test_a_filter_that_came_too_late_filters_nothing(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu],
) -> None:
    ran, other = vm_with_two_vcpus
    ran.init_pmu()
    with refused(Errno.EINTR):
        ran.run(immediate_exit=True)
    with refused(Errno.EBUSY):
        other.set_filter(CYCLES, 1, DENY)
    assert counting(ran)


def refuse_set_pmu(vm: Vm, pmu: Pmu) -> Vcpu:
    """A vCPU ready to run, for which SET_PMU was refused in each state."""
    vcpu, addr = vm.create_vcpu(0), Addr("int", (pmu.type,))
    with refused(Errno.ENODEV):
        vcpu.set_pmu(pmu)
    vcpu.init_with_pmu()
    with refused(Errno.EFAULT):
        vcpu.set_attr(GROUP, SET_PMU, addr, argp="fault")
    vm.create_gic()
    vcpu.set_irq(PMU_PPI)
    vcpu.init_pmu()
    with refused(Errno.EBUSY):
        vcpu.set_pmu(pmu)
    vm.load("cycle-counter")
    return vcpu


@needs_vgic
@two_pmus
@since_5_18
@kvmpmu_clause(
    "set-pmu.vm-wide", "default-pmu.never-restricts", "attr.efault", "group.enodev.feature"
)
def test_a_pmu_that_was_refused_restricts_nothing(vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    vcpu = refuse_set_pmu(vm.on(min(pmus[0].cpus)), pmus[0])
    assert vcpu.on(elsewhere(pmus)).run().reason == k.KVM_EXIT_MMIO


@needs_vgic
@two_pmus
@kvmpmu_clause("set-pmu.per-vcpu", "attr.efault", "group.enodev.feature", "group.ebusy.initialized")
def test_a_pmu_that_was_refused_did_not_restrict_the_vcpu(vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    vcpu = refuse_set_pmu(vm.on(min(pmus[0].cpus)), pmus[0])
    assert vcpu.on(elsewhere(pmus)).run().reason == k.KVM_EXIT_MMIO


def refuse_another_pmu(vm: Vm, pmu: Pmu) -> Vcpu:
    """A vCPU ready to run with that PMU, after SET_PMU of other ones was refused."""
    vcpu = vm.create_vcpu(0)
    vcpu.init_with_pmu()
    vm.create_gic()
    vcpu.set_irq(PMU_PPI)
    vcpu.set_pmu(pmu)
    with refused(Errno.ENXIO):
        vcpu.set_pmu(2**31 - 1)
    with refused(Errno.EFAULT):
        vcpu.set_pmu_attr(SET_PMU, FAULT)
    vcpu.init_pmu()
    vm.load("cycle-counter")
    return vcpu


@needs_counting
@needs_vgic
@two_pmus
@since_5_18
@kvmpmu_clause("set-pmu.vm-wide", "set-pmu.fail-entry", "set-pmu.enxio", "set-pmu.efault")
def test_an_unknown_pmu_does_not_replace_the_one_that_was_set(
    vm: Vm, pmus: tuple[Pmu, ...]
) -> None:
    vcpu = refuse_another_pmu(vm.on(min(pmus[0].cpus)), pmus[0])
    assert counting(vcpu)
    assert vcpu.on(elsewhere(pmus)).run().reason == k.KVM_EXIT_FAIL_ENTRY


@needs_vgic
@needs_counting
@two_pmus
@kvmpmu_clause("set-pmu.per-vcpu", "set-pmu.enxio", "set-pmu.efault")
def test_an_unknown_pmu_did_not_replace_the_vcpus(vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    vcpu = refuse_another_pmu(vm.on(min(pmus[0].cpus)), pmus[0])
    assert counting(vcpu)
    outcome = vcpu.on(elsewhere(pmus)).attempt("KVM_RUN")
    assert outcome.exit is None or outcome.exit.reason != k.KVM_EXIT_MMIO


@two_pmus
@kvmpmu_clause("set-pmu.per-vcpu", "filter.vm-wide")
def test_a_filter_kept_no_pmu_from_being_set(vcpu: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    vcpu.set_filter(0, 0, DENY)
    for pmu in pmus:
        vcpu.set_pmu(pmu)


@kvmpmu_clause("set-pmu.per-vcpu")
def test_a_run_kept_no_other_vcpu_from_setting_its_pmu(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu], pmus: tuple[Pmu, ...]
) -> None:
    ran, other = vm_with_two_vcpus
    let_run(ran)
    for pmu in pmus:
        other.set_pmu(pmu)


@needs_counting
@two_pmus
@kvmpmu_clause("set-pmu.vm-wide", "set-pmu.fail-entry", "set-pmu.ebusy.vcpu-ran")
def test_a_pmu_that_came_too_late_does_not_replace_the_one_that_was_set(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu], pmus: tuple[Pmu, ...]
) -> None:
    ran, other = vm_with_two_vcpus
    ran.set_pmu(pmus[0])
    ran.init_pmu()
    assert counting(ran)
    with refused(Errno.EBUSY):
        other.set_pmu(pmus[-1])
    assert ran.on(elsewhere(pmus)).run().reason == k.KVM_EXIT_FAIL_ENTRY


@kvmpmu_clause("init.once", "group.enodev.feature")
def test_an_init_before_vcpu_init_is_none(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    with refused(Errno.ENODEV):
        vcpu.init_pmu()
    vcpu.init_with_pmu()
    vcpu.init_pmu()  # and not EBUSY
