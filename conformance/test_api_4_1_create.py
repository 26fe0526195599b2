"""api.rst 4.1 to 4.24, 4.79: the version, VMs, vCPUs, capabilities, devices."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.gic import GICS, Gic
from pytest_kvmpmu.kvm import Kvm, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno

GICV2 = GICS[2].device
TEST = k.KVM_CREATE_DEVICE_TEST
needs_vgic = pytest.mark.kvmpmu_requires("vgic")
needs_counting = pytest.mark.kvmpmu_requires("counting")
needs_first_pmu = pytest.mark.kvmpmu_requires("first-pmu")


@pytest.mark.kvmpmu_clause("api-version")
def test_the_api_version_is_12(kvm: Kvm) -> None:
    assert kvm.call("KVM_GET_API_VERSION").ret == k.KVM_API_VERSION


@pytest.mark.kvmpmu_clause("api-version.einval")
@pytest.mark.parametrize("arg", [1, 2**32, 2**64 - 1])
def test_the_api_version_takes_no_argument(kvm: Kvm, arg: int) -> None:
    with refused(Errno.EINVAL):
        kvm.call("KVM_GET_API_VERSION", arg=arg)


@pytest.mark.kvmpmu_requires("ipa-size")
@pytest.mark.kvmpmu_clause("create-vm.einval.type")
@pytest.mark.parametrize("bits", [1, 31, 53, 255])
def test_an_ipa_size_that_no_host_has_is_einval(kvm: Kvm, bits: int) -> None:
    with refused(Errno.EINVAL):
        kvm.create_vm(bits)


@pytest.mark.kvmpmu_clause("create-vm.einval.type")
@pytest.mark.parametrize("type", [1 << 8, 1 << 8 | 40, 1 << 30])
def test_a_bit_of_the_type_that_nothing_has_is_einval(kvm: Kvm, type: int) -> None:
    with refused(Errno.EINVAL):
        kvm.create_vm(type)


@pytest.mark.kvmpmu_clause("cap.attributes")
@pytest.mark.parametrize(
    "cap", ["KVM_CAP_DEVICE_CTRL", "KVM_CAP_VCPU_ATTRIBUTES", "KVM_CAP_IMMEDIATE_EXIT"]
)
def test_what_the_group_needs_is_announced(kvm: Kvm, vm: Vm, cap: str) -> None:
    assert kvm.check_extension(cap) == 1
    assert vm.check_extension(cap) == 1


@pytest.mark.kvmpmu_requires("pmu")
@pytest.mark.kvmpmu_clause("cap.arm-pmu-v3")
def test_pmu_v3_is_announced_where_there_is_a_pmu(kvm: Kvm, vm: Vm) -> None:
    assert kvm.check_extension("KVM_CAP_ARM_PMU_V3") == 1
    assert vm.check_extension("KVM_CAP_ARM_PMU_V3") == 1


@pytest.mark.kvmpmu_clause("cap.arm-pmu-v3-strict")
def test_strict_is_announced_where_pmu_v3_is(kvm: Kvm, vm: Vm) -> None:
    offered = kvm.check_extension("KVM_CAP_ARM_PMU_V3")
    assert kvm.check_extension("KVM_CAP_ARM_PMU_V3_STRICT") == offered
    assert vm.check_extension("KVM_CAP_ARM_PMU_V3_STRICT") == offered


@pytest.mark.kvmpmu_clause("create-vcpu.einval.id")
@pytest.mark.parametrize("number", [512, 2**31, 2**32 - 1])
def test_a_vcpu_id_beyond_the_maximum_is_einval(vm: Vm, number: int) -> None:
    with refused(Errno.EINVAL):
        vm.create_vcpu(number)


@pytest.mark.kvmpmu_clause("create-vcpu.einval.id")
def test_the_maximum_is_what_the_capabilities_say(kvm: Kvm, vm: Vm) -> None:
    most = kvm.check_extension("KVM_CAP_MAX_VCPUS")
    assert kvm.check_extension("KVM_CAP_MAX_VCPU_ID") == most
    for cap in ("KVM_CAP_MAX_VCPUS", "KVM_CAP_MAX_VCPU_ID"):
        assert vm.check_extension(cap) == most
    vm.create_vcpu(most - 1)
    with refused(Errno.EINVAL):
        vm.create_vcpu(most)


@pytest.mark.kvmpmu_clause("create-vm.einval.type")
def test_the_largest_ipa_size_is_what_the_capability_says(kvm: Kvm) -> None:
    most = kvm.check_extension("KVM_CAP_ARM_VM_IPA_SIZE")
    assert kvm.create_vm(most).check_extension("KVM_CAP_ARM_VM_IPA_SIZE") == most
    kvm.create_vm(32)


@pytest.mark.kvmpmu_clause("create-vcpu.eexist")
def test_a_vcpu_id_is_taken_once_in_each_vm(kvm: Kvm, vm: Vm) -> None:
    vm.create_vcpu(0)
    with refused(Errno.EEXIST):
        vm.create_vcpu(0)
    vm.create_vcpu(1)
    kvm.create_vm().create_vcpu(0)


@needs_vgic
@pytest.mark.kvmpmu_clause("create-vcpu.ebusy.vgic")
def test_no_vcpu_comes_after_the_vgic(vm: Vm) -> None:
    vm.create_vcpu(0)
    vm.create_gic()
    with refused(Errno.EBUSY):
        vm.create_vcpu(1)


@needs_vgic
@pytest.mark.kvmpmu_clause("create-vcpu.ebusy.vgic", "create-vcpu.eexist")
@pytest.mark.kvmpmu_revision(until="linux-7.1")
def test_after_the_vgic_ebusy_wins_over_eexist(vm: Vm) -> None:
    vm.create_vcpu(0)
    vm.create_gic()
    with refused(Errno.EBUSY):
        vm.create_vcpu(0)


@needs_vgic
@pytest.mark.kvmpmu_clause("create-vcpu.ebusy.vgic", "create-vcpu.eexist")
@pytest.mark.kvmpmu_revision(since="linux-7.3")
def test_after_the_vgic_eexist_wins_over_ebusy(vm: Vm) -> None:
    vm.create_vcpu(0)
    vm.create_gic()
    with refused(Errno.EEXIST):
        vm.create_vcpu(0)


@needs_vgic
@pytest.mark.kvmpmu_clause("create-vcpu.einval.id", "create-vcpu.ebusy.vgic")
def test_after_the_vgic_einval_wins_over_ebusy(vm: Vm) -> None:
    vm.create_gic()
    with refused(Errno.EINVAL):
        vm.create_vcpu(512)


@pytest.mark.kvmpmu_clause("create-device.efault")
def test_an_unreadable_structure_is_efault(vm: Vm) -> None:
    with refused(Errno.EFAULT):
        vm.create_device(k.KVM_DEV_TYPE_ARM_VGIC_V3, argp="fault")


@pytest.mark.kvmpmu_clause("create-device.enodev")
@pytest.mark.parametrize("flags", [0, TEST], ids=["make", "test"])
@pytest.mark.parametrize("number", [0, k.DEVICE_TYPES["KVM_DEV_TYPE_XICS"], 99, 2**32 - 1])
def test_an_unknown_type_is_enodev(vm: Vm, number: int, flags: int) -> None:
    with refused(Errno.ENODEV):
        vm.create_device(number, flags)


@pytest.mark.kvmpmu_requires("no-gicv2")
@pytest.mark.kvmpmu_clause("create-device.enodev")
@pytest.mark.parametrize("flags", [0, TEST], ids=["make", "test"])
def test_without_gicv2_its_device_is_enodev(vm: Vm, flags: int) -> None:
    with refused(Errno.ENODEV):
        vm.create_device(GICV2, flags)


@pytest.mark.kvmpmu_requires("no-gicv3")
@pytest.mark.kvmpmu_clause("create-device.enodev")
@pytest.mark.parametrize("flags", [0, TEST], ids=["make", "test"])
@pytest.mark.parametrize("name", ["KVM_DEV_TYPE_ARM_VGIC_V3", "KVM_DEV_TYPE_ARM_VGIC_ITS"])
def test_without_gicv3_its_devices_are_enodev(vm: Vm, name: str, flags: int) -> None:
    with refused(Errno.ENODEV):
        vm.create_device(k.DEVICE_TYPES[name], flags)


@pytest.mark.kvmpmu_clause("create-device.test")
def test_the_test_flag_makes_nothing(vm: Vm, gic_kind: Gic) -> None:
    vm.create_device(gic_kind.device, TEST)
    vm.create_device(gic_kind.device)
    vm.create_device(gic_kind.device, TEST)


@pytest.mark.kvmpmu_clause("create-device.eexist")
def test_a_vm_has_one_gic(vm: Vm, gic_kind: Gic) -> None:
    vm.create_device(gic_kind.device)
    with refused(Errno.EEXIST):
        vm.create_device(gic_kind.device)


@pytest.mark.kvmpmu_requires("gicv2", "gicv3")
@pytest.mark.kvmpmu_clause("create-device.eexist")
@pytest.mark.parametrize("first", [2, 3], ids=["GICv2", "GICv3"])
def test_a_vm_has_one_gic_of_either_kind(vm: Vm, first: int) -> None:
    vm.create_bare_gic(GICS[first])
    for version in (2, 3):
        with refused(Errno.EEXIST):
            vm.create_bare_gic(GICS[version])


@pytest.mark.kvmpmu_clause(
    "create-device.ebusy.vcpu-ran", "run.eintr.immediate-exit", "run.first-run"
)
def test_no_gic_comes_after_a_run(vm: Vm, gic_kind: Gic) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)
    with refused(Errno.EBUSY):
        vm.create_device(gic_kind.device)


@pytest.mark.kvmpmu_clause("create-device.eexist", "create-device.ebusy.vcpu-ran")
def test_after_a_run_eexist_wins_over_ebusy(vm: Vm, gic_kind: Gic) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    vm.create_gic(gic_kind)
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)
    with refused(Errno.EEXIST):
        vm.create_device(gic_kind.device)


@pytest.mark.kvmpmu_clause("create-device.efault", "create-device.eexist")
def test_efault_wins_over_eexist(vm: Vm, gic_kind: Gic) -> None:
    vm.create_device(gic_kind.device)
    with refused(Errno.EFAULT):
        vm.create_device(gic_kind.device, argp="fault")


@pytest.mark.kvmpmu_clause(
    "create-device.efault", "create-device.test", "create-device.ebusy.vcpu-ran"
)
def test_after_a_run_efault_wins_over_ebusy_and_the_test_flag_says_yes(
    vm: Vm, gic_kind: Gic
) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)
    with refused(Errno.EFAULT):
        vm.create_device(gic_kind.device, argp="fault")
    vm.create_device(gic_kind.device, TEST)


@needs_first_pmu
@needs_counting
@pytest.mark.kvmpmu_requires("pmu")
@pytest.mark.kvmpmu_clause("memory-region.einval", "memory-region", "run.guest")
def test_memory_cannot_be_replaced(vm: Vm, counted: Vcpu) -> None:
    vm.load("cycle-counter")
    for payload in ("cycle-counter", "pmcr"):
        with refused(Errno.EINVAL):
            vm.load(payload)
    assert counting(counted)
