"""vcpu.rst 1: the errors for no PMU and for one already set up win over an attribute's errors."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import PMU_PPI, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, Addr

IRQ, INIT = k.KVM_ARM_VCPU_PMU_V3_IRQ, k.KVM_ARM_VCPU_PMU_V3_INIT
DENY = 1

pytestmark = pytest.mark.kvmpmu_requires("pmu")
kvmpmu_clause = pytest.mark.kvmpmu_clause
needs_vgic = pytest.mark.kvmpmu_requires("vgic")


@pytest.fixture
def without(vm: Vm) -> Vcpu:
    """vCPU 0, initialised without a PMU, in a VM with a GIC."""
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    vm.create_gic()
    return vcpu


@needs_vgic
@kvmpmu_clause("group.enodev.feature", "irq.efault", "init.enxio.irq")
def test_enodev_wins_over_an_interrupt_that_is_unreadable_or_not_set(without: Vcpu) -> None:
    for attr in (IRQ, INIT):
        with refused(Errno.ENODEV):
            without.set_pmu_attr(attr, FAULT)


@kvmpmu_clause("group.enodev.feature", "irq.einval.no-irqchip")
@pytest.mark.parametrize("addr", [Addr("int", (-1,)), Addr("int", (PMU_PPI,))])
def test_enodev_wins_over_einval_without_an_irqchip(vm: Vm, addr: Addr) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.ENODEV):
        vcpu.set_pmu_attr(IRQ, addr)


@kvmpmu_clause("group.enodev.feature", "filter.ebusy.vcpu-ran", "set-pmu.ebusy.vcpu-ran")
def test_enodev_wins_over_ebusy_after_a_run(vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)
    with refused(Errno.ENODEV):
        vcpu.set_filter(0, 0, DENY)
    with refused(Errno.ENODEV):
        vcpu.set_pmu(pmus[0])


@kvmpmu_clause("group.enodev.feature", "set-pmu.ebusy.filter", "vcpu-init.mixed")
@pytest.mark.kvmpmu_requires("two-pmus")
def test_enodev_wins_over_ebusy_for_a_siblings_filter(vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    first, second = vm.create_vcpu(0), vm.create_vcpu(1)
    first.init_with_pmu()
    second.init()
    first.set_pmu(pmus[0])
    first.set_filter(0, 0, DENY)
    for pmu in pmus:
        with refused(Errno.ENODEV):
            second.set_pmu(pmu)
    with refused(Errno.ENODEV):
        second.set_filter(0, 0, DENY)


def keeps_filter_and_pmu(first: Vcpu, second: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    """The second vCPU sets neither filter nor PMU: after a filter, another PMU would be EBUSY."""
    first.set_pmu(pmus[0])
    with refused(Errno.ENODEV):
        second.set_filter(0, 0, DENY)
    first.set_pmu(pmus[-1])
    with refused(Errno.ENODEV):
        second.set_pmu(pmus[0])
    first.set_filter(0, 0, DENY)
    first.set_pmu(pmus[-1])


@needs_vgic
@kvmpmu_clause("group.enodev.feature", "set-pmu.ebusy.filter", "irq.set", "vcpu-init.mixed")
@pytest.mark.kvmpmu_requires("two-pmus")
def test_what_a_vcpu_without_a_pmu_says_is_not_kept(vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    first, second = vm.create_vcpu(0), vm.create_vcpu(1)
    first.init_with_pmu()
    second.init()
    vm.create_gic()
    keeps_filter_and_pmu(first, second, pmus)
    with refused(Errno.ENODEV):
        second.set_irq(40)
    first.set_irq(40)
    with refused(Errno.ENODEV):
        second.set_irq(40)


@kvmpmu_clause("group.enodev.feature", "set-pmu.ebusy.filter", "irq.set", "init.once")
@pytest.mark.kvmpmu_revision(until="linux-6.6")
@pytest.mark.kvmpmu_requires("two-pmus")
def test_what_a_vcpu_says_before_vcpu_init_is_not_kept(vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    first, second = vm.create_vcpu(0), vm.create_vcpu(1)
    first.init_with_pmu()
    keeps_filter_and_pmu(first, second, pmus)
    with refused(Errno.ENODEV):
        second.set_pmu(pmus[0])
    with refused(Errno.ENODEV):
        second.init_pmu()
    second.init_with_pmu()
    second.init_pmu()


@needs_vgic
@kvmpmu_clause("group.ebusy.initialized", "init.enodev.gic", "init.enxio.irq")
def test_ebusy_after_init_wins_over_a_gic_that_came_later(vm: Vm, vcpu: Vcpu) -> None:
    vcpu.init_pmu()
    gic = vm.create_bare_gic()
    with refused(Errno.EBUSY):
        vcpu.init_pmu()
    gic.init_gic()
    with refused(Errno.EBUSY):
        vcpu.init_pmu()
