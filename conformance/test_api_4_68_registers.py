"""api.rst 4.68 and 4.69, registers: PMCR_EL0, and the effect of its field N on the guest."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.kvm import CallHung, GuestFault, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.kvm.pmcr import run_guest, seen_by_guest, seen_by_userspace, write
from pytest_kvmpmu.uapi.constants import (
    ID_AA64DFR0_EL1,
    KVM_ARM_VCPU_HAS_EL2,
    KVM_ARM_VCPU_PMU_V3,
    KVM_ARM_VCPU_PSCI_0_2,
    PMCR_EL0,
)
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, Addr

ZERO = Addr("u64", (0,))

pytestmark = pytest.mark.kvmpmu_requires("pmu")
needs_vgic = pytest.mark.kvmpmu_requires("vgic")


@needs_vgic
@pytest.mark.kvmpmu_clause("pmcr.lower", "pmcr.set")
def test_a_lower_n_written_before_the_run_is_what_the_guest_sees(vm: Vm, vcpu: Vcpu) -> None:
    write(vcpu, 1)
    assert seen_by_userspace(vcpu) == 1
    assert seen_by_guest(vm, vcpu) == 1


@pytest.mark.kvmpmu_clause("pmcr.lower", "pmcr.set")
def test_a_higher_n_is_passed_over(vcpu: Vcpu, most: int) -> None:
    write(vcpu, 1)
    write(vcpu, most + 1)
    assert seen_by_userspace(vcpu) == 1


@needs_vgic
@pytest.mark.kvmpmu_clause("pmcr.lower", "pmcr.set")
def test_an_n_written_after_the_run_is_passed_over(vm: Vm, vcpu: Vcpu, most: int) -> None:
    assert seen_by_guest(vm, vcpu) == most
    write(vcpu, 1)
    assert seen_by_userspace(vcpu) == most


@pytest.mark.kvmpmu_clause("pmcr.lower", "reg.efault")
@pytest.mark.parametrize("bad", [{"addr": FAULT}, {"addr": Addr("u64", (0,)), "argp": "fault"}])
def test_an_n_that_could_not_be_read_is_not_taken(
    vcpu: Vcpu, most: int, bad: dict[str, object]
) -> None:
    with refused(Errno.EFAULT):
        vcpu.call("KVM_SET_ONE_REG", id=PMCR_EL0, **bad)
    assert seen_by_userspace(vcpu) == most


@needs_vgic
@pytest.mark.kvmpmu_clause("pmcr.raw", "pmcr.set")
@pytest.mark.parametrize("number", [0, 1, 31])
def test_any_n_written_is_what_the_guest_sees(vm: Vm, vcpu: Vcpu, number: int) -> None:
    write(vcpu, number)
    assert seen_by_guest(vm, vcpu) == number


@pytest.mark.kvmpmu_clause("pmcr.raw")
def test_an_n_written_to_one_vcpu_is_not_the_others(vm: Vm, pair: tuple[Vcpu, Vcpu]) -> None:
    first, second = pair
    second.init_pmu()
    vm.load("pmcr")
    write(first, 1)
    assert second.run_payload("pmcr")["n"] > 1


@pytest.mark.kvmpmu_clause("pmcr.lower", "group.vm-scope")
def test_an_n_written_to_one_vcpu_is_the_others_too(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu],
) -> None:
    first, second = vm_with_two_vcpus
    write(first, 1)
    assert seen_by_userspace(second) == 1


@needs_vgic
@pytest.mark.kvmpmu_clause("pmcr.raw", "reg.efault")
@pytest.mark.kvmpmu_revision(since="linux-6.0")
def test_an_n_that_could_not_be_read_does_not_replace_the_one_written(vm: Vm, vcpu: Vcpu) -> None:
    write(vcpu, 1)
    with refused(Errno.EFAULT):
        vcpu.call("KVM_SET_ONE_REG", id=PMCR_EL0, addr=FAULT)
    assert seen_by_guest(vm, vcpu) == 1


@needs_vgic
@pytest.mark.kvmpmu_clause("pmcr.efault-zeroes", "reg.efault")
def test_an_n_that_could_not_be_read_became_0(vm: Vm, vcpu: Vcpu) -> None:
    write(vcpu, 1)
    with refused(Errno.EFAULT):
        vcpu.call("KVM_SET_ONE_REG", id=PMCR_EL0, addr=FAULT)
    assert seen_by_guest(vm, vcpu) == 0


@needs_vgic
@pytest.mark.kvmpmu_clause("pmcr.raw", "reg.efault")
def test_a_structure_that_could_not_be_read_does_not_replace_the_n_written(
    vm: Vm, vcpu: Vcpu
) -> None:
    write(vcpu, 1)
    with refused(Errno.EFAULT):
        vcpu.call("KVM_SET_ONE_REG", id=PMCR_EL0, addr=Addr("u64", (0,)), argp="fault")
    assert seen_by_guest(vm, vcpu) == 1


@pytest.mark.kvmpmu_clause("pmcr.set")
@pytest.mark.kvmpmu_revision(until="linux-5.10")
def test_a_vcpu_without_a_pmu_had_the_register(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    write(vcpu, 1)


@needs_vgic
@pytest.mark.kvmpmu_clause("guest.undefined.counter", "pmcr.set", "run.guest")
def test_a_guest_without_event_counters_gets_an_exception_from_the_first(
    vm: Vm, vcpu: Vcpu
) -> None:
    write(vcpu, 0)
    with pytest.raises(GuestFault, match="took an exception"):
        run_guest(vm, vcpu, "sw-incr")
    with pytest.raises(CallHung):
        vcpu.within(0.3).run()


@needs_vgic
@pytest.mark.kvmpmu_clause("pmcr.raw", "run.guest")
def test_an_n_written_in_the_middle_is_what_the_guest_finds_next_time(vm: Vm, vcpu: Vcpu) -> None:
    assert run_guest(vm, vcpu, "sw-incr") == {"count": 3}
    vcpu.run()
    write(vcpu, 0)
    assert vcpu.run_payload("sw-incr") == {}
    with pytest.raises(GuestFault, match="took an exception"):
        vcpu.run_payload("sw-incr")


@pytest.mark.kvmpmu_clause("reg.enoexec", "reg.efault")
@pytest.mark.parametrize("sibling", [False, True], ids=["alone", "with-sibling"])
@pytest.mark.parametrize("register", [PMCR_EL0, ID_AA64DFR0_EL1], ids=["pmcr", "id-register"])
@pytest.mark.parametrize(
    ("addr", "argp"),
    [(FAULT, "valid"), (ZERO, "fault"), (ZERO, "valid")],
    ids=["unmapped", "structure", "u64"],
)
def test_registers_of_an_uninitialised_vcpu_are_enoexec(
    vm: Vm, register: int, addr: Addr, argp: str, sibling: bool
) -> None:
    vcpu = vm.create_vcpu(0)
    if sibling:
        vm.create_vcpu(1).init_with_pmu()
    for ioctl in ("KVM_GET_ONE_REG", "KVM_SET_ONE_REG"):
        with refused(Errno.ENOEXEC):
            vcpu.call(ioctl, id=register, addr=addr, argp=argp)


@pytest.mark.kvmpmu_clause("reg.enoexec")
@pytest.mark.parametrize(
    "register",
    [
        pytest.param(PMCR_EL0, marks=pytest.mark.kvmpmu_clause("pmcr.get"), id="pmcr"),
        pytest.param(
            ID_AA64DFR0_EL1, marks=pytest.mark.kvmpmu_clause("id-reg.pmuver"), id="id-register"
        ),
    ],
)
def test_what_was_written_before_vcpu_init_is_not_kept(vm: Vm, register: int) -> None:
    vcpu, sibling = vm.create_vcpu(0), vm.create_vcpu(1)
    sibling.init_with_pmu()
    before = sibling.get_register(register)
    with refused(Errno.ENOEXEC):
        vcpu.call("KVM_SET_ONE_REG", id=register, addr=ZERO)
    vcpu.init_with_pmu()
    assert vcpu.get_register(register) == sibling.get_register(register) == before


@pytest.mark.kvmpmu_clause("reg.enoent.feature", "reg.efault")
def test_without_a_pmu_its_registers_are_enoent_once_a_value_was_read(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    for ioctl in ("KVM_GET_ONE_REG", "KVM_SET_ONE_REG"):
        with refused(Errno.ENOENT):
            vcpu.call(ioctl, id=PMCR_EL0, addr=ZERO)
        with refused(Errno.EFAULT):
            vcpu.call(ioctl, id=PMCR_EL0, addr=ZERO, argp="fault")
    with refused(Errno.ENOENT):
        vcpu.call("KVM_GET_ONE_REG", id=PMCR_EL0, addr=FAULT)
    with refused(Errno.EFAULT):
        vcpu.call("KVM_SET_ONE_REG", id=PMCR_EL0, addr=FAULT)


@pytest.mark.kvmpmu_clause("reg.efault")
def test_an_unmapped_value_or_structure_is_efault(vcpu: Vcpu) -> None:
    for ioctl in ("KVM_GET_ONE_REG", "KVM_SET_ONE_REG"):
        with refused(Errno.EFAULT):
            vcpu.call(ioctl, id=PMCR_EL0, addr=FAULT)
        with refused(Errno.EFAULT):
            vcpu.call(ioctl, id=PMCR_EL0, addr=Addr("u64", (0,)), argp="fault")


@pytest.mark.kvmpmu_requires("nested")
@pytest.mark.kvmpmu_clause("pmcr.el2", "pmcr.get")
def test_an_n_written_to_a_vcpu_with_el2_is_passed_over(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init((KVM_ARM_VCPU_PSCI_0_2, KVM_ARM_VCPU_PMU_V3, KVM_ARM_VCPU_HAS_EL2))
    most = seen_by_userspace(vcpu)
    write(vcpu, most - 1)
    assert seen_by_userspace(vcpu) == most
