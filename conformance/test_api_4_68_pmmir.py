"""api.rst 4.68 and 4.69 for PMMIR_EL1, which userspace sees from 7.3 on."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.kvm import Vcpu, Vm
from pytest_kvmpmu.kvm.expect import let_run, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, Addr

OUTSIDE = (1 << 8, 1 << 20, 1 << 63)

pytestmark = pytest.mark.kvmpmu_requires("pmu")
no_slots = pytest.mark.kvmpmu_requires("no-slots")


@pytest.mark.kvmpmu_clause("pmmir.absent")
def test_before_7_3_there_is_no_such_register(vcpu: Vcpu) -> None:
    with refused(Errno.ENOENT):
        vcpu.get_register(k.PMMIR_EL1)
    for value in (0, *OUTSIDE):
        with refused(Errno.ENOENT):
            vcpu.set_register(k.PMMIR_EL1, value)
    with refused(Errno.ENOENT):
        vcpu.call("KVM_GET_ONE_REG", id=k.PMMIR_EL1, addr=FAULT)


@pytest.mark.kvmpmu_clause("pmmir.absent", "reg.efault")
@pytest.mark.kvmpmu_revision(since="linux-6.0", until="linux-7.1")
def test_before_7_3_a_value_was_read_before_the_register_was_looked_up(vcpu: Vcpu) -> None:
    with refused(Errno.EFAULT):
        vcpu.call("KVM_SET_ONE_REG", id=k.PMMIR_EL1, addr=FAULT)


@pytest.mark.kvmpmu_clause("pmmir.absent")
@pytest.mark.kvmpmu_revision(until="linux-5.19")
def test_before_6_0_the_register_was_looked_up_first(vcpu: Vcpu) -> None:
    with refused(Errno.ENOENT):
        vcpu.call("KVM_SET_ONE_REG", id=k.PMMIR_EL1, addr=FAULT)


@pytest.mark.kvmpmu_clause("pmmir.absent", "reg.efault")
@pytest.mark.kvmpmu_revision(until="linux-7.1")
def test_before_7_3_a_structure_that_cannot_be_read_is_efault(vcpu: Vcpu) -> None:
    for ioctl in ("KVM_GET_ONE_REG", "KVM_SET_ONE_REG"):
        with refused(Errno.EFAULT):
            vcpu.call(ioctl, id=k.PMMIR_EL1, addr=Addr("u64", (0,)), argp="fault")


@no_slots
@pytest.mark.kvmpmu_clause("pmmir.get")
def test_without_slots_it_is_0_and_stays_so(vcpu: Vcpu) -> None:
    assert vcpu.get_register(k.PMMIR_EL1) == 0
    vcpu.set_register(k.PMMIR_EL1, 0)
    assert vcpu.get_register(k.PMMIR_EL1) == 0


@no_slots
@pytest.mark.kvmpmu_clause("pmmir.einval.slots", "pmmir.get")
@pytest.mark.parametrize("slots", [1, 8, 0xFF])
def test_slots_that_the_pmu_has_not_are_einval(vcpu: Vcpu, slots: int) -> None:
    with refused(Errno.EINVAL):
        vcpu.set_register(k.PMMIR_EL1, slots)
    assert vcpu.get_register(k.PMMIR_EL1) == 0


@pytest.mark.kvmpmu_clause("pmmir.einval.bits")
@pytest.mark.parametrize("value", OUTSIDE)
def test_a_bit_outside_slots_is_einval_before_and_after_a_run(vcpu: Vcpu, value: int) -> None:
    with refused(Errno.EINVAL):
        vcpu.set_register(k.PMMIR_EL1, value)
    let_run(vcpu)
    with refused(Errno.EINVAL):
        vcpu.set_register(k.PMMIR_EL1, value)


@no_slots
@pytest.mark.kvmpmu_clause("pmmir.ebusy.vcpu-ran", "pmmir.einval.slots")
def test_after_a_run_another_value_is_ebusy(vcpu: Vcpu) -> None:
    let_run(vcpu)
    with refused(Errno.EBUSY):
        vcpu.set_register(k.PMMIR_EL1, 1)
    vcpu.set_register(k.PMMIR_EL1, 0)


@pytest.mark.kvmpmu_clause("pmmir.enoent.feature", "reg.efault")
def test_without_a_pmu_it_is_enoent_once_a_value_was_read(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.ENOENT):
        vcpu.get_register(k.PMMIR_EL1)
    with refused(Errno.ENOENT):
        vcpu.set_register(k.PMMIR_EL1, OUTSIDE[0])
    with refused(Errno.EFAULT):
        vcpu.call("KVM_SET_ONE_REG", id=k.PMMIR_EL1, addr=FAULT)
    with refused(Errno.ENOENT):
        vcpu.call("KVM_GET_ONE_REG", id=k.PMMIR_EL1, addr=FAULT)
    for ioctl in ("KVM_GET_ONE_REG", "KVM_SET_ONE_REG"):
        with refused(Errno.EFAULT):
            vcpu.call(ioctl, id=k.PMMIR_EL1, addr=Addr("u64", (0,)), argp="fault")


@pytest.mark.kvmpmu_clause("pmmir.enoent.feature", "pmmir.ebusy.vcpu-ran")
def test_without_a_pmu_it_is_enoent_after_a_run(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)
    for value in (0, 1):
        with refused(Errno.ENOENT):
            vcpu.set_register(k.PMMIR_EL1, value)


@pytest.mark.kvmpmu_clause("reg.efault", "pmmir.einval.bits")
@pytest.mark.kvmpmu_revision(since="linux-7.3")
def test_a_value_that_cannot_be_read_is_efault(vcpu: Vcpu) -> None:
    for ioctl in ("KVM_GET_ONE_REG", "KVM_SET_ONE_REG"):
        with refused(Errno.EFAULT):
            vcpu.call(ioctl, id=k.PMMIR_EL1, addr=FAULT)
        with refused(Errno.EFAULT):
            vcpu.call(ioctl, id=k.PMMIR_EL1, addr=Addr("u64", (0,)), argp="fault")


@pytest.mark.kvmpmu_clause("reg.enoexec", "pmmir.einval.bits", "pmmir.einval.slots")
@pytest.mark.kvmpmu_revision(since="linux-7.3")
def test_before_vcpu_init_it_is_enoexec_whatever_the_value(vm: Vm, vcpu: Vcpu) -> None:
    del vcpu  # it gives the VM a PMU
    other = vm.create_vcpu(1)
    for value in (0, 1, *OUTSIDE):
        with refused(Errno.ENOEXEC):
            other.set_register(k.PMMIR_EL1, value)


@pytest.mark.kvmpmu_clause("reg.enoexec")
def test_before_vcpu_init_it_is_enoexec(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    for ioctl in ("KVM_GET_ONE_REG", "KVM_SET_ONE_REG"):
        with refused(Errno.ENOEXEC):
            vcpu.call(ioctl, id=k.PMMIR_EL1, addr=Addr("u64", (0,)))
        with refused(Errno.ENOEXEC):
            vcpu.call(ioctl, id=k.PMMIR_EL1, addr=FAULT)
