"""arm-vgic-v5.rst: the GICv5, as far as a vCPU with a PMU needs it."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.kvm import PMU_PPI, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import Addr

GICV5 = k.KVM_DEV_TYPE_ARM_VGIC_V5
ADDR, CTRL = k.KVM_DEV_ARM_VGIC_GRP_ADDR, k.KVM_DEV_ARM_VGIC_GRP_CTRL
INIT, PPIS = k.KVM_DEV_ARM_VGIC_CTRL_INIT, k.VGIC_CTRL_ATTRS["KVM_DEV_ARM_VGIC_USERSPACE_PPIS"]
ATTRS = ("KVM_SET_DEVICE_ATTR", "KVM_GET_DEVICE_ATTR", "KVM_HAS_DEVICE_ATTR")

pytestmark = pytest.mark.kvmpmu_requires("gicv5")


@pytest.mark.kvmpmu_clause("vgic-v5.attributes", "vgic.init")
def test_has_says_yes_to_two_attributes_of_which_one_can_be_set(vm: Vm) -> None:
    gic = vm.create_device(GICV5)
    gic.require_attr(CTRL, INIT)
    gic.require_attr(CTRL, PPIS)
    gic.set_attr(CTRL, INIT)
    with refused(Errno.ENXIO):
        gic.set_attr(CTRL, PPIS)


@pytest.mark.kvmpmu_clause("vgic-v5.attributes")
@pytest.mark.parametrize(
    ("group", "attr"),
    [
        (ADDR, k.KVM_VGIC_V3_ADDR_TYPE_DIST),
        (ADDR, k.KVM_VGIC_V3_ADDR_TYPE_REDIST),
        (k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS, 0),
        (CTRL, 1),
        (CTRL, 99),
        (99, 0),
    ],
)
def test_any_other_attribute_is_enxio(vm: Vm, group: int, attr: int) -> None:
    gic = vm.create_device(GICV5)
    with refused(Errno.ENXIO):
        gic.require_attr(group, attr)
    with refused(Errno.ENXIO):
        gic.set_attr(group, attr, Addr("u64", (0x0800_0000,)))


@pytest.mark.kvmpmu_clause("vgic-v5.attributes", "attr.efault")
def test_an_unreadable_structure_is_efault_before_an_unknown_attribute(vm: Vm) -> None:
    gic = vm.create_device(GICV5)
    for ioctl in ATTRS:
        with refused(Errno.EFAULT):
            gic.call(ioctl, group=99, attr=0, argp="fault")


@pytest.mark.kvmpmu_clause("create-device.eexist", "vgic-v5.attributes")
@pytest.mark.parametrize("first", [GICV5, k.KVM_DEV_TYPE_ARM_VGIC_V3], ids=["v5", "v3"])
def test_a_vm_has_one_gic_of_either_kind(vm: Vm, first: int) -> None:
    vm.create_device(first)
    for number in (GICV5, k.KVM_DEV_TYPE_ARM_VGIC_V3):
        with refused(Errno.EEXIST):
            vm.create_device(number)


@pytest.mark.kvmpmu_clause("run.ebusy.vgic", "vm-dead.eio", "vgic-v5.attributes")
def test_a_run_needs_it_initialised(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    gic = vm.create_device(GICV5)
    with refused(Errno.EBUSY):
        vcpu.run(immediate_exit=True)
    with refused(Errno.EIO):
        vcpu.run(immediate_exit=True)
    for ioctl in ATTRS:
        with refused(Errno.EIO):
            gic.call(ioctl, group=CTRL, attr=INIT, argp="fault")


@pytest.mark.kvmpmu_requires("pmu")
@pytest.mark.kvmpmu_clause("create-device.eexist", "irq.set")
@pytest.mark.kvmpmu_revision(since="linux-7.1")
def test_a_second_gic_of_another_kind_does_not_replace_the_first(vm: Vm, vcpu: Vcpu) -> None:
    vm.create_gic()
    with refused(Errno.EEXIST):
        vm.create_device(GICV5)
    vcpu.set_irq(PMU_PPI)
