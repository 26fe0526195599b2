"""KVM in protected mode (kvm-arm.mode=protected): what differs for VMs and their PMUs."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import GuestFault, Kvm, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno

PROTECTED_VM = k.KVM_VM_TYPE_ARM_PROTECTED

pytestmark = pytest.mark.kvmpmu_requires("protected")
kvmpmu_clause = pytest.mark.kvmpmu_clause
needs_pmu = pytest.mark.kvmpmu_requires("pmu")


@kvmpmu_clause("create-vm.protected")
@pytest.mark.parametrize("bits", [1, 31, 32, 44, 53, 255])
def test_any_ipa_size_is_taken(kvm: Kvm, bits: int) -> None:
    kvm.create_vm(bits).create_vcpu(0).init()


@kvmpmu_clause("create-vm.einval.type")
@pytest.mark.kvmpmu_revision(until="linux-6.0")
@pytest.mark.parametrize("bits", [1, 31, 53, 255])
def test_an_ipa_size_that_no_host_has_was_einval(kvm: Kvm, bits: int) -> None:
    with refused(Errno.EINVAL):
        kvm.create_vm(bits)


@kvmpmu_clause("create-vm.protected", "vgic.addr.e2big")
@pytest.mark.kvmpmu_requires("gicv3")
@pytest.mark.parametrize("bits", [0, 32], ids=["default", "32-bits"])
def test_a_vm_has_the_largest_address_space(kvm: Kvm, bits: int) -> None:
    most = kvm.check_extension("KVM_CAP_ARM_VM_IPA_SIZE")
    vm = kvm.create_vm(bits)
    vm.create_vcpu(0)
    device = vm.create_device(k.KVM_DEV_TYPE_ARM_VGIC_V3)
    with refused(Errno.E2BIG):
        device.set_address(k.KVM_VGIC_V3_ADDR_TYPE_DIST, 1 << most)
    device.set_address(k.KVM_VGIC_V3_ADDR_TYPE_DIST, (1 << most) - k.KVM_VGIC_V3_DIST_SIZE)


@kvmpmu_clause("create-vm.einval.type")
@pytest.mark.kvmpmu_revision(until="linux-6.7")
def test_a_protected_vm_was_einval(kvm: Kvm) -> None:
    with refused(Errno.EINVAL):
        kvm.create_vm(PROTECTED_VM)


@needs_pmu
@kvmpmu_clause("guest.protected", "set-pmu.set")
def test_the_cycle_counter_of_a_guest_stays_at_0(vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init_with_pmu()
    for pmu in pmus:
        vcpu.set_pmu(pmu)
    vcpu.init_pmu()
    vm.load("cycle-counter")
    here = vcpu.on(min(pmus[-1].cpus))
    for _ in range(2):
        assert here.run_payload("cycle-counter") == {"first": 0, "second": 0}


@needs_pmu
@kvmpmu_clause("guest.protected")
def test_it_does_so_on_a_default_pmu(vm: Vm, counted: Vcpu) -> None:
    vm.load("cycle-counter")
    assert counted.run_payload("cycle-counter") == {"first": 0, "second": 0}


@needs_pmu
@kvmpmu_clause("guest.protected", "run.guest")
def test_software_increments_and_chained_counters_count(vm: Vm, counted: Vcpu) -> None:
    vm.load("sw-incr")
    assert counted.run_payload("sw-incr") == {"count": 3}


# --- protected VMs ---------------------------------------------------------------------------


@pytest.fixture
def protected_vm(kvm: Kvm) -> Vm:
    """A VM whose memory the hypervisor keeps from the host."""
    return kvm.create_vm(PROTECTED_VM)


@needs_pmu
@kvmpmu_clause("create-vm.protected-vm", "cap.protected-vm")
def test_a_protected_vm_says_that_it_has_no_pmu(kvm: Kvm, protected_vm: Vm) -> None:
    for name in ("KVM_CAP_ARM_PMU_V3", "KVM_CAP_VCPU_ATTRIBUTES", "KVM_CAP_IMMEDIATE_EXIT"):
        assert kvm.check_extension(name) == 1
        assert protected_vm.check_extension(name) == 0
    assert protected_vm.check_extension("KVM_CAP_DEVICE_CTRL") == 1


@needs_pmu
@kvmpmu_clause("create-vm.protected-vm", "cap.protected-vm")
def test_the_calls_of_the_group_succeed_on_a_protected_vm(
    protected_vm: Vm, pmus: tuple[Pmu, ...]
) -> None:
    vcpu = protected_vm.create_vcpu(0)
    vcpu.init_with_pmu()
    vcpu.has_pmu_attr(k.KVM_ARM_VCPU_PMU_V3_SET_PMU)
    vcpu.set_pmu(pmus[-1])
    vcpu.init_pmu()


@needs_pmu
@kvmpmu_clause("create-vm.protected-vm", "cap.protected-vm")
def test_the_guest_of_a_protected_vm_has_no_pmu(protected_vm: Vm, pmus: tuple[Pmu, ...]) -> None:
    vcpu = protected_vm.on(min(pmus[0].cpus)).create_vcpu(0)
    vcpu.init_with_pmu()
    vcpu.set_pmu(pmus[0])
    vcpu.init_pmu()
    protected_vm.load("pmcr")
    with pytest.raises(GuestFault):
        vcpu.run_payload("pmcr")
