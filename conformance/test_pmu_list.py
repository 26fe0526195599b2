"""vcpu.rst 1.4: which core PMUs KVM offers to guests, on hosts where it does not offer all."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import IMPDEF, Host
from pytest_kvmpmu.kvm import Kvm, Vcpu
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.kvm.pmcr import seen_by_userspace
from pytest_kvmpmu.uapi.errno import Errno

requires = pytest.mark.kvmpmu_requires
revision = pytest.mark.kvmpmu_revision
kvmpmu_clause = pytest.mark.kvmpmu_clause


def offered(kvm: Kvm) -> int:
    return kvm.check_extension("KVM_CAP_ARM_PMU_V3")


@requires("unusable-pmu")
@kvmpmu_clause("pmu-list.own-version", "cap.arm-pmu-v3")
def test_pmus_that_are_no_pmuv3_are_left_out(kvm: Kvm, vcpu: Vcpu) -> None:
    assert offered(kvm) == 1
    vcpu.init_pmu()


@requires("unusable-pmu")
@kvmpmu_clause("pmu-list.own-version", "set-pmu.enxio", "set-pmu.set")
def test_only_a_pmuv3_can_be_chosen(vcpu: Vcpu, hardware: Host) -> None:
    for pmu in hardware.pmus:
        if pmu.pmuver in (0, IMPDEF):
            with refused(Errno.ENXIO):
                vcpu.set_pmu(pmu)
        else:
            vcpu.set_pmu(pmu)


@requires("mixed-pmu-versions")
@kvmpmu_clause("pmu-list.one-version", "cap.arm-pmu-v3")
def test_with_two_versions_there_is_no_pmu(kvm: Kvm) -> None:
    assert offered(kvm) == 0


@requires("mixed-pmu-versions")
@kvmpmu_clause("pmu-list.impdef-traps", "cap.arm-pmu-v3")
def test_with_two_versions_there_still_is_no_pmu(kvm: Kvm) -> None:
    assert offered(kvm) == 0


@requires("impdef-traps")
@kvmpmu_clause("pmu-list.own-version", "cap.arm-pmu-v3")
def test_a_pmu_of_the_cores_own_is_none_for_guests(kvm: Kvm) -> None:
    assert offered(kvm) == 0


@requires("impdef-traps")
@kvmpmu_clause("pmu-list.one-version", "cap.arm-pmu-v3")
def test_a_pmu_of_the_cores_own_still_is_none_for_guests(kvm: Kvm) -> None:
    assert offered(kvm) == 0


@requires("impdef-traps")
@kvmpmu_clause("pmu-list.impdef-traps", "cap.arm-pmu-v3")
def test_where_the_registers_trap_guests_get_one_counter(kvm: Kvm, vcpu: Vcpu) -> None:
    assert offered(kvm) == 1
    assert seen_by_userspace(vcpu) == 1


@requires("protected")
@kvmpmu_clause("pmu-list.protected", "cap.arm-pmu-v3")
def test_in_protected_mode_there_is_no_pmu(kvm: Kvm) -> None:
    assert offered(kvm) == 0


@requires("protected")
@revision(until="series-v3")
@kvmpmu_clause("cap.arm-pmu-v3")
def test_before_5_18_protected_mode_made_no_difference(kvm: Kvm) -> None:
    assert offered(kvm) == 1


@requires("protected")
@revision(since="linux-5.19")
@kvmpmu_clause("cap.arm-pmu-v3")
def test_from_5_19_on_protected_mode_makes_no_difference(kvm: Kvm) -> None:
    assert offered(kvm) == 1
