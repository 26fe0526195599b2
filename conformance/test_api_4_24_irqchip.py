"""api.rst 4.24, KVM_CREATE_IRQCHIP: the GICv2 that needs no device; hosts without any vGIC."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.gic import GICS, Gic
from pytest_kvmpmu.kvm import PMU_PPI, Kvm, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno

TEST = k.KVM_CREATE_DEVICE_TEST
NAMES = ("KVM_DEV_TYPE_ARM_VGIC_V2", "KVM_DEV_TYPE_ARM_VGIC_V3", "KVM_DEV_TYPE_ARM_VGIC_ITS")

kvmpmu_clause = pytest.mark.kvmpmu_clause
requires = pytest.mark.kvmpmu_requires


@requires("vgic")
@kvmpmu_clause("create-irqchip.enxio")
def test_a_host_with_a_vgic_says_so(kvm: Kvm, vm: Vm) -> None:
    assert kvm.check_extension("KVM_CAP_IRQCHIP") == 1
    assert vm.check_extension("KVM_CAP_IRQCHIP") == 1


@requires("vgic", "no-gicv2")
@kvmpmu_clause("create-irqchip.enodev")
def test_without_gicv2_create_irqchip_is_enodev(vm: Vm) -> None:
    for _ in range(2):
        with refused(Errno.ENODEV):
            vm.call("KVM_CREATE_IRQCHIP")


@requires("no-gicv2")
@kvmpmu_clause("create-irqchip.enodev", "create-irqchip.ebusy.vcpu-ran")
def test_without_gicv2_it_is_enodev_even_after_a_run(vm: Vm, plain: Vcpu, gic_kind: Gic) -> None:
    del gic_kind  # only for hosts that have one
    with refused(Errno.EINTR):
        plain.run(immediate_exit=True)
    with refused(Errno.ENODEV):
        vm.call("KVM_CREATE_IRQCHIP")


@requires("no-gicv2")
@kvmpmu_clause("create-irqchip.enodev", "create-irqchip", "create-device")
def test_without_gicv2_a_refused_irqchip_leaves_the_vm_without_one(vm: Vm, gic_kind: Gic) -> None:
    with refused(Errno.ENODEV):
        vm.call("KVM_CREATE_IRQCHIP")
    vm.create_bare_gic(gic_kind)


@requires("no-gicv2")
@kvmpmu_clause("create-irqchip.enodev")
@pytest.mark.kvmpmu_revision(since="linux-6.0")
def test_without_gicv2_it_is_enodev_even_if_the_vm_has_a_gic(vm: Vm, gic_kind: Gic) -> None:
    vm.create_bare_gic(gic_kind)
    with refused(Errno.ENODEV):
        vm.call("KVM_CREATE_IRQCHIP")


@requires("no-gicv2")
@kvmpmu_clause("create-irqchip.eexist-first")
def test_without_gicv2_it_was_eexist_if_the_vm_had_a_gic(vm: Vm, gic_kind: Gic) -> None:
    vm.create_bare_gic(gic_kind)
    with refused(Errno.EEXIST):
        vm.call("KVM_CREATE_IRQCHIP")


@requires("gicv2")
@kvmpmu_clause("create-irqchip", "create-irqchip.eexist", "create-device.eexist")
def test_it_makes_a_gicv2_without_addresses(vm: Vm, plain: Vcpu) -> None:
    vm.call("KVM_CREATE_IRQCHIP")
    with refused(Errno.EEXIST):
        vm.call("KVM_CREATE_IRQCHIP")
    with refused(Errno.EEXIST):
        vm.create_bare_gic(GICS[2])
    with refused(Errno.ENXIO):
        plain.run()


@requires("gicv2")
@kvmpmu_clause("create-irqchip.eexist")
def test_beside_a_gic_it_is_eexist(vm: Vm, gic_kind: Gic) -> None:
    vm.create_bare_gic(gic_kind)
    with refused(Errno.EEXIST):
        vm.call("KVM_CREATE_IRQCHIP")


@requires("gicv2")
@kvmpmu_clause("create-irqchip.ebusy.vcpu-ran", "create-device.ebusy.vcpu-ran")
def test_after_a_run_it_is_ebusy(vm: Vm, plain: Vcpu) -> None:
    with refused(Errno.EINTR):
        plain.run(immediate_exit=True)
    for _ in range(2):
        with refused(Errno.EBUSY):
            vm.call("KVM_CREATE_IRQCHIP")


@requires("gicv2")
@kvmpmu_clause("create-irqchip.eexist", "create-irqchip.ebusy.vcpu-ran")
def test_after_a_run_eexist_wins_over_ebusy(vm: Vm, plain: Vcpu) -> None:
    vm.create_gic(GICS[2])
    with refused(Errno.EINTR):
        plain.run(immediate_exit=True)
    with refused(Errno.EEXIST):
        vm.call("KVM_CREATE_IRQCHIP")


@requires("gicv2", "pmu")
@kvmpmu_clause("create-irqchip", "irq.set", "init.enodev.gic")
def test_the_pmu_has_an_interrupt_with_it(vm: Vm, vcpu: Vcpu) -> None:
    vm.call("KVM_CREATE_IRQCHIP")
    vcpu.set_irq(PMU_PPI)
    with refused(Errno.ENODEV):
        vcpu.init_pmu()


# --- a host without a vGIC -------------------------------------------------------------------


@requires("no-vgic")
@kvmpmu_clause("create-irqchip.enxio")
def test_without_a_vgic_there_is_no_irqchip(kvm: Kvm, vm: Vm) -> None:
    assert kvm.check_extension("KVM_CAP_IRQCHIP") == 0
    assert vm.check_extension("KVM_CAP_IRQCHIP") == 0
    with refused(Errno.ENXIO):
        vm.call("KVM_CREATE_IRQCHIP")


@requires("no-vgic")
@kvmpmu_clause("create-device.enodev")
@pytest.mark.parametrize("flags", [0, TEST], ids=["make", "test"])
@pytest.mark.parametrize("name", NAMES)
def test_without_a_vgic_its_devices_are_enodev(vm: Vm, name: str, flags: int) -> None:
    with refused(Errno.ENODEV):
        vm.create_device(k.DEVICE_TYPES[name], flags)
