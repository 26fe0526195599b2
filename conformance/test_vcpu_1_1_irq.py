"""vcpu.rst 1.1, KVM_ARM_VCPU_PMU_V3_IRQ: the PMU's overflow interrupt."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.kvm import GICV5_PMU_PPI, PMU_PPI, Device, Kvm, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

GROUP = k.KVM_ARM_VCPU_PMU_V3_CTRL
IRQ = k.KVM_ARM_VCPU_PMU_V3_IRQ
SPI, OTHER_SPI, OTHER_PPI = 40, 41, 24

pytestmark = pytest.mark.kvmpmu_requires("pmu")
bad_pointer = pytest.mark.parametrize("addr", [FAULT, NULL], ids=["unmapped", "null"])
needs_vgic = pytest.mark.kvmpmu_requires("vgic")


@pytest.fixture
def pair(vm: Vm) -> tuple[Vcpu, Vcpu]:
    """Two vCPUs with a PMU in a VM with an initialised GIC."""
    made = vm.create_vcpu(0), vm.create_vcpu(1)
    for vcpu in made:
        vcpu.init_with_pmu()
    vm.create_gic()
    return made


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.set", "irq.get")
@pytest.mark.parametrize("irq", [16, 31, 32, 1019])
def test_a_ppi_or_spi_is_taken_and_read_back(vcpu: Vcpu, gic: Device, irq: int) -> None:
    vcpu.set_irq(irq)
    assert vcpu.get_attr(GROUP, IRQ) == irq


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.einval.number")
@pytest.mark.parametrize("irq", [-1, 0, 15, 1020, 1023, 1024, 8192, 2**31 - 1, -(2**31)])
def test_any_other_number_is_einval(vcpu: Vcpu, gic: Device, irq: int) -> None:
    with refused(Errno.EINVAL):
        vcpu.set_irq(irq)


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.efault", "irq.ebusy.set")
@bad_pointer
def test_an_unreadable_number_is_efault_whether_one_is_set_or_not(
    vcpu: Vcpu, gic: Device, addr: Addr
) -> None:
    with refused(Errno.EFAULT):
        vcpu.set_pmu_attr(IRQ, addr)
    vcpu.set_irq(SPI)
    with refused(Errno.EFAULT):
        vcpu.set_pmu_attr(IRQ, addr)


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.efault")
@bad_pointer
def test_an_unwritable_place_for_the_number_is_efault(vcpu: Vcpu, gic: Device, addr: Addr) -> None:
    vcpu.set_irq(PMU_PPI)
    with refused(Errno.EFAULT):
        vcpu.get_attr(GROUP, IRQ, addr)


@pytest.mark.kvmpmu_clause("irq.einval.no-irqchip")
@pytest.mark.parametrize(
    "addr", [FAULT, NULL, Addr("int", (PMU_PPI,))], ids=["unmapped", "null", "ppi"]
)
def test_without_an_irqchip_set_is_einval_whatever_the_pointer(vcpu: Vcpu, addr: Addr) -> None:
    with refused(Errno.EINVAL):
        vcpu.set_pmu_attr(IRQ, addr)


@pytest.mark.kvmpmu_clause("irq.get.einval.no-irqchip")
@pytest.mark.parametrize("feature", [True, False], ids=["pmu", "no-pmu"])
@bad_pointer
def test_without_an_irqchip_get_is_einval_even_without_a_pmu(
    vm: Vm, feature: bool, addr: Addr
) -> None:
    vcpu = vm.create_vcpu(0)
    if feature:
        vcpu.init_with_pmu()
    else:
        vcpu.init()
    with refused(Errno.EINVAL):
        vcpu.get_attr(GROUP, IRQ)
    with refused(Errno.EINVAL):
        vcpu.get_attr(GROUP, IRQ, addr)


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.get.enxio.unset")
@bad_pointer
def test_get_of_an_unset_number_is_enxio_whatever_the_pointer(
    vcpu: Vcpu, gic: Device, addr: Addr
) -> None:
    with refused(Errno.ENXIO):
        vcpu.get_attr(GROUP, IRQ, addr)


@needs_vgic
@pytest.mark.kvmpmu_clause("group.enodev.feature")
def test_get_without_a_pmu_is_enodev(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    vm.create_gic()
    for addr in (Addr("int", (0,)), FAULT, NULL):
        with refused(Errno.ENODEV):
            vcpu.get_attr(GROUP, IRQ, addr)


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.get")
def test_the_number_can_be_read_after_init(vcpu: Vcpu, gic: Device) -> None:
    vcpu.set_irq(PMU_PPI)
    vcpu.init_pmu()
    assert vcpu.get_attr(GROUP, IRQ) == PMU_PPI


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.ebusy.set", "irq.einval.other-vcpu")
@pytest.mark.parametrize(
    ("first", "second", "errno"),
    [
        (PMU_PPI, PMU_PPI, Errno.EBUSY),
        (PMU_PPI, OTHER_PPI, Errno.EINVAL),
        (PMU_PPI, SPI, Errno.EBUSY),
        (SPI, SPI, Errno.EINVAL),
        (SPI, OTHER_SPI, Errno.EBUSY),
        (SPI, PMU_PPI, Errno.EINVAL),
    ],
)
def test_the_same_vcpu_is_compared_with_itself_before_ebusy(
    vcpu: Vcpu, gic: Device, first: int, second: int, errno: Errno
) -> None:
    vcpu.set_irq(first)
    with refused(errno):
        vcpu.set_irq(second)
    assert vcpu.get_attr(GROUP, IRQ) == first


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.einval.other-vcpu")
@pytest.mark.parametrize(("first", "second"), [(PMU_PPI, OTHER_PPI), (SPI, SPI), (SPI, PMU_PPI)])
def test_another_vcpus_number_rules_this_one_out(
    pair: tuple[Vcpu, Vcpu], first: int, second: int
) -> None:
    pair[0].set_irq(first)
    with refused(Errno.EINVAL):
        pair[1].set_irq(second)


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.mixed")
def test_an_spi_is_taken_beside_another_vcpus_ppi(pair: tuple[Vcpu, Vcpu]) -> None:
    pair[0].set_irq(PMU_PPI)
    pair[1].set_irq(SPI)
    pair[0].init_pmu()
    pair[1].init_pmu()


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.set")
@pytest.mark.parametrize(("first", "second"), [(PMU_PPI, PMU_PPI), (SPI, OTHER_SPI)])
def test_the_same_ppi_or_another_spi_is_taken(
    pair: tuple[Vcpu, Vcpu], first: int, second: int
) -> None:
    pair[0].set_irq(first)
    pair[1].set_irq(second)
    pair[0].init_pmu()
    pair[1].init_pmu()


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.set")
def test_the_gic_need_not_be_initialised(vm: Vm, vcpu: Vcpu) -> None:
    vm.create_bare_gic()
    vcpu.set_irq(PMU_PPI)


@pytest.mark.kvmpmu_requires("gicv5")
@pytest.mark.kvmpmu_clause("irq.einval.gicv5", "irq.ebusy.set", "irq.get")
def test_a_gicv5_takes_the_architectures_ppi_and_no_other_number(vm: Vm, vcpu: Vcpu) -> None:
    second = vm.create_vcpu(1)
    second.init_with_pmu()
    vm.create_device(k.KVM_DEV_TYPE_ARM_VGIC_V5)
    for each in (vcpu, second):
        for irq in (PMU_PPI, SPI, GICV5_PMU_PPI + 1, -1):
            with refused(Errno.EINVAL):
                each.set_irq(irq)
        each.set_irq(GICV5_PMU_PPI)
        assert each.get_attr(GROUP, IRQ) == GICV5_PMU_PPI
        with refused(Errno.EBUSY):
            each.set_irq(GICV5_PMU_PPI)


@needs_vgic
@pytest.mark.kvmpmu_clause("irq.set")
def test_two_vms_do_not_compare_their_numbers(kvm: Kvm, vcpu: Vcpu, gic: Device) -> None:
    vcpu.set_irq(SPI)
    other = kvm.create_vm()
    second = other.create_vcpu(0)
    second.init_with_pmu()
    other.create_gic()
    second.set_irq(SPI)
    assert second.get_attr(GROUP, IRQ) == SPI
