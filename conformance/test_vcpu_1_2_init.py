"""vcpu.rst 1.2, KVM_ARM_VCPU_PMU_V3_INIT: the last step of setting a PMU up."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.kvm import GICV5_PMU_PPI, PMU_PPI, Device, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

GROUP = k.KVM_ARM_VCPU_PMU_V3_CTRL
IRQ, INIT = k.KVM_ARM_VCPU_PMU_V3_IRQ, k.KVM_ARM_VCPU_PMU_V3_INIT
NR_IRQS = k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS
VIRTUAL_TIMER, PHYSICAL_TIMER = 27, 30

pytestmark = pytest.mark.kvmpmu_requires("pmu")
needs_vgic = pytest.mark.kvmpmu_requires("vgic")


def gic_with(vm: Vm, interrupts: int) -> None:
    """An initialised vGIC with that many interrupts."""
    gic = vm.create_bare_gic()
    gic.set_attr(NR_IRQS, 0, Addr("u32", (interrupts,)))
    gic.init_gic()


@pytest.mark.kvmpmu_clause("init.once")
@pytest.mark.parametrize("addr", [FAULT, NULL], ids=["unmapped", "null"])
def test_init_needs_no_irqchip_and_takes_no_address(vcpu: Vcpu, addr: Addr) -> None:
    vcpu.set_pmu_attr(INIT, addr)


@pytest.mark.kvmpmu_clause("init.once", "group.ebusy.initialized")
def test_a_second_init_is_ebusy(vcpu: Vcpu) -> None:
    vcpu.init_pmu()
    with refused(Errno.EBUSY):
        vcpu.init_pmu()


@needs_vgic
@pytest.mark.kvmpmu_clause("init.enodev.gic")
@pytest.mark.parametrize("irq", [None, PMU_PPI], ids=["irq-unset", "irq-set"])
def test_a_gic_that_is_not_initialised_is_enodev_even_before_enxio(
    vm: Vm, vcpu: Vcpu, irq: int | None
) -> None:
    vm.create_bare_gic()
    if irq is not None:
        vcpu.set_irq(irq)
    with refused(Errno.ENODEV):
        vcpu.init_pmu()


@needs_vgic
@pytest.mark.kvmpmu_clause("init.enxio.irq")
def test_an_interrupt_that_is_not_set_is_enxio_and_can_be_made_good(
    vcpu: Vcpu, gic: Device
) -> None:
    with refused(Errno.ENXIO):
        vcpu.init_pmu()
    vcpu.set_irq(PMU_PPI)
    vcpu.init_pmu()


@needs_vgic
@pytest.mark.kvmpmu_clause("init.once")
@pytest.mark.parametrize("interrupts", [64, 96, 256, 992])
def test_the_last_spi_of_the_vgic_is_taken(vm: Vm, vcpu: Vcpu, interrupts: int) -> None:
    gic_with(vm, interrupts)
    vcpu.set_irq(interrupts - 1)
    vcpu.init_pmu()


@needs_vgic
@pytest.mark.kvmpmu_clause("init.einval.spi")
@pytest.mark.parametrize("interrupts", [64, 96, 256, 992])
def test_an_spi_beyond_the_vgic_is_einval_and_a_dead_end(
    vm: Vm, vcpu: Vcpu, interrupts: int
) -> None:
    gic_with(vm, interrupts)
    vcpu.set_irq(interrupts)
    with refused(Errno.EINVAL):
        vcpu.init_pmu()
    with refused(Errno.EBUSY):
        vcpu.set_irq(interrupts - 1)


@needs_vgic
@pytest.mark.kvmpmu_clause("init.einval.spi")
def test_a_vgic_has_256_interrupts_where_nothing_else_was_said(
    vm: Vm, vcpu: Vcpu, gic: Device
) -> None:
    vcpu.set_irq(256)
    with refused(Errno.EINVAL):
        vcpu.init_pmu()


@needs_vgic
@pytest.mark.kvmpmu_clause("init.eexist", "run.einval.pmu")
@pytest.mark.parametrize("irq", [VIRTUAL_TIMER, PHYSICAL_TIMER], ids=["virtual", "physical"])
def test_a_timers_interrupt_is_eexist_once_the_timers_have_it(
    vcpu: Vcpu, gic: Device, irq: int
) -> None:
    with refused(Errno.EINVAL):
        vcpu.run()
    vcpu.set_irq(irq)
    with refused(Errno.EEXIST):
        vcpu.init_pmu()


@needs_vgic
@pytest.mark.kvmpmu_clause("init.eexist", "run.pmu-unchecked")
@pytest.mark.parametrize("irq", [VIRTUAL_TIMER, PHYSICAL_TIMER], ids=["virtual", "physical"])
def test_a_timers_interrupt_is_eexist_after_a_run_without_init(
    vcpu: Vcpu, gic: Device, irq: int
) -> None:
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)
    vcpu.set_irq(irq)
    for _ in range(2):  # and not EBUSY
        with refused(Errno.EEXIST):
            vcpu.init_pmu()


@needs_vgic
@pytest.mark.kvmpmu_clause("run.einval.timer")
@pytest.mark.parametrize("irq", [VIRTUAL_TIMER, PHYSICAL_TIMER], ids=["virtual", "physical"])
def test_the_other_way_round_it_is_the_run_that_is_refused(
    vcpu: Vcpu, gic: Device, irq: int
) -> None:
    vcpu.set_irq(irq)
    vcpu.init_pmu()
    with refused(Errno.EINVAL):
        vcpu.run()


@needs_vgic
@pytest.mark.kvmpmu_clause("run.einval.irq", "group.ebusy.initialized")
@pytest.mark.parametrize("immediate", [False, True], ids=["run", "immediate-exit"])
def test_init_before_the_irqchip_is_a_dead_end(vm: Vm, vcpu: Vcpu, immediate: bool) -> None:
    vcpu.init_pmu()
    vm.create_gic()
    with refused(Errno.EINVAL):
        vcpu.run(immediate_exit=immediate)
    with refused(Errno.EBUSY):
        vcpu.set_irq(PMU_PPI)


@pytest.mark.kvmpmu_requires("gicv5")
@pytest.mark.kvmpmu_clause("init.gicv5", "vgic.init")
def test_with_a_gicv5_init_sets_the_interrupt_once_the_gic_is_initialised(
    vm: Vm, vcpu: Vcpu
) -> None:
    gic = vm.create_device(k.KVM_DEV_TYPE_ARM_VGIC_V5)
    with refused(Errno.ENODEV):
        vcpu.init_pmu()
    gic.init_gic()
    with refused(Errno.ENXIO):
        vcpu.get_attr(GROUP, IRQ)
    vcpu.init_pmu()
    assert vcpu.get_attr(GROUP, IRQ) == GICV5_PMU_PPI
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)


@pytest.mark.kvmpmu_clause("get.enxio")
def test_get_is_refused_before_and_after(vcpu: Vcpu) -> None:
    with refused(Errno.ENXIO):
        vcpu.get_attr(GROUP, INIT)
    vcpu.init_pmu()
    with refused(Errno.ENXIO):
        vcpu.get_attr(GROUP, INIT)
