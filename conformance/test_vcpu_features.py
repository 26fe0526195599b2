"""vcpu-features.rst: the ID register with the version of a guest's PMU."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.kvm import GuestFault, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import counting, let_run, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, Addr

ID_AA64DFR0 = k.ID_AA64DFR0_EL1
PMUVER = k.ID_AA64DFR0_PMUVER_MASK << k.ID_AA64DFR0_PMUVER_SHIFT
# PMUVer of Armv8.9, beyond what KVM emulates.
NEWEST = 9

needs_pmu = pytest.mark.kvmpmu_requires("pmu", "one-pmu-version")
needs_counting = pytest.mark.kvmpmu_requires("counting")


def pmuver(vcpu: Vcpu) -> int:
    return (vcpu.get_register(ID_AA64DFR0) & PMUVER) >> k.ID_AA64DFR0_PMUVER_SHIFT


def write(vcpu: Vcpu, version: int) -> None:
    """Write another PMUVer, and keep the rest of the register."""
    others = vcpu.get_register(ID_AA64DFR0) & ~PMUVER
    vcpu.set_register(ID_AA64DFR0, others | version << k.ID_AA64DFR0_PMUVER_SHIFT)


@needs_pmu
@pytest.mark.kvmpmu_clause("id-reg.hosts")
def test_without_a_pmu_the_version_is_the_same(vm: Vm, vcpu: Vcpu) -> None:
    other = vm.create_vcpu(1)
    other.init()
    assert pmuver(vcpu) == pmuver(other) > 0


@needs_pmu
@pytest.mark.kvmpmu_clause("id-reg.pmuver")
def test_with_a_pmu_there_is_a_version(vcpu: Vcpu) -> None:
    assert 0 < pmuver(vcpu) < NEWEST


@pytest.mark.kvmpmu_clause("id-reg.pmuver")
def test_without_a_pmu_there_is_none(plain: Vcpu) -> None:
    assert pmuver(plain) == 0


@needs_pmu
@pytest.mark.kvmpmu_clause("id-reg.fixed")
def test_the_version_is_fixed(vcpu: Vcpu) -> None:
    found = pmuver(vcpu)
    write(vcpu, found)
    for version in {0, 1, NEWEST} - {found}:
        with refused(Errno.EINVAL):
            write(vcpu, version)


@pytest.mark.kvmpmu_clause("id-reg.fixed")
def test_without_a_pmu_it_is_fixed_too(plain: Vcpu) -> None:
    found = pmuver(plain)
    write(plain, found)
    with refused(Errno.EINVAL):
        write(plain, found + 1)


@needs_pmu
@pytest.mark.kvmpmu_clause("id-reg.fits")
def test_the_version_may_be_that_of_an_older_pmuv3(vcpu: Vcpu) -> None:
    for version in (0, NEWEST):
        with refused(Errno.EINVAL):
            write(vcpu, version)
    write(vcpu, 1)
    for version in (0, NEWEST):
        with refused(Errno.EINVAL):
            write(vcpu, version)
    assert pmuver(vcpu) == 1


@pytest.mark.kvmpmu_clause("id-reg.fits")
def test_without_a_pmu_no_version_fits(plain: Vcpu) -> None:
    write(plain, 0)
    with refused(Errno.EINVAL):
        write(plain, 1)


@needs_pmu
@pytest.mark.kvmpmu_clause("id-reg.lower")
def test_the_version_may_be_lowered_through_any_vcpu(pair: tuple[Vcpu, Vcpu]) -> None:
    first, second = pair
    found = pmuver(first)
    with refused(Errno.EINVAL):
        write(first, NEWEST)
    assert pmuver(first) == found
    for version in (1, 0, found):
        write(first, version)
        assert pmuver(second) == version


@pytest.mark.kvmpmu_clause("id-reg.lower")
def test_without_a_pmu_any_version_is_too_high(plain: Vcpu) -> None:
    write(plain, 0)
    with refused(Errno.EINVAL):
        write(plain, 1)


@needs_pmu
@pytest.mark.kvmpmu_clause("id-reg.ebusy.vcpu-ran", "id-reg.lower")
def test_after_a_run_the_version_is_what_it_is(pair: tuple[Vcpu, Vcpu]) -> None:
    ran, other = pair
    write(other, 0)
    let_run(ran)
    write(other, 0)
    for version in (1, NEWEST):
        with refused(Errno.EBUSY):
            write(other, version)


@needs_pmu
@pytest.mark.kvmpmu_clause("reg.efault", "id-reg.ebusy.vcpu-ran")
def test_efault_wins_over_ebusy_after_a_run(pair: tuple[Vcpu, Vcpu]) -> None:
    ran, other = pair
    let_run(ran)
    for addr, argp in ((FAULT, "valid"), (Addr("u64", (0,)), "fault")):
        with refused(Errno.EFAULT):
            other.call("KVM_SET_ONE_REG", id=ID_AA64DFR0, addr=addr, argp=argp)


@needs_pmu
@pytest.mark.kvmpmu_requires("sixteen-bit-events")
@pytest.mark.kvmpmu_clause("id-reg.fits")
def test_after_a_run_the_version_may_still_be_lowered(pair: tuple[Vcpu, Vcpu]) -> None:
    ran, other = pair
    assert pmuver(other) > 1
    let_run(ran)
    write(other, 1)
    assert pmuver(ran) == 1


@pytest.fixture
def denied(vm: Vm, vcpu: Vcpu) -> Vcpu:
    """A vCPU with a PMU, ready to run, whose ID register says that there is none."""
    write(vcpu, 0)
    vcpu.init_pmu()
    vm.load("cycle-counter")
    return vcpu


@needs_pmu
@pytest.mark.kvmpmu_clause("guest.undefined.pmuver", "id-reg.lower")
def test_a_pmu_that_the_version_denies_is_not_there(denied: Vcpu) -> None:
    with pytest.raises(GuestFault, match="took an exception"):
        denied.run_payload("cycle-counter")


@needs_counting
@needs_pmu
@pytest.mark.kvmpmu_clause("guest.told-of-none", "id-reg.lower")
def test_a_pmu_that_the_version_denies_counts_all_the_same(denied: Vcpu) -> None:
    assert counting(denied)


@pytest.mark.kvmpmu_clause("reg.efault")
def test_an_unmapped_value_is_efault(plain: Vcpu) -> None:
    for ioctl in ("KVM_GET_ONE_REG", "KVM_SET_ONE_REG"):
        with refused(Errno.EFAULT):
            plain.call(ioctl, id=ID_AA64DFR0, addr=FAULT)


@needs_pmu
@pytest.mark.kvmpmu_clause("reg.efault")
def test_a_version_that_could_not_be_read_is_not_taken(vcpu: Vcpu) -> None:
    found = pmuver(vcpu)
    for addr, argp in ((FAULT, "valid"), (Addr("u64", (0,)), "fault")):
        with refused(Errno.EFAULT):
            vcpu.call("KVM_SET_ONE_REG", id=ID_AA64DFR0, addr=addr, argp=argp)
    assert pmuver(vcpu) == found


@pytest.mark.kvmpmu_clause("reg.enoexec")
def test_enoexec_before_vcpu_init_wins_over_einval(vm: Vm, plain: Vcpu) -> None:
    value = plain.get_register(ID_AA64DFR0) | NEWEST << k.ID_AA64DFR0_PMUVER_SHIFT
    with refused(Errno.ENOEXEC):
        vm.create_vcpu(1).set_register(ID_AA64DFR0, value)
