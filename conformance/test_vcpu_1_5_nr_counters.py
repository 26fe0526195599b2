"""vcpu.rst 1.5, KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.kvm.pmcr import seen_by_guest, seen_by_userspace
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

SET_NR_COUNTERS = k.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS

pytestmark = pytest.mark.kvmpmu_requires("pmu")
needs_vgic = pytest.mark.kvmpmu_requires("vgic")


def set_counters(vcpu: Vcpu, number: int) -> None:
    vcpu.set_pmu_attr(SET_NR_COUNTERS, Addr("u32", (number,)))


@pytest.mark.kvmpmu_clause("nr-counters.absent")
@pytest.mark.parametrize(
    "addr",
    [FAULT, NULL, Addr("u32", (0,)), Addr("u32", (1000,))],
    ids=["unmapped", "null", "u32", "too-many"],
)
def test_a_kernel_without_the_attribute_says_enxio(vcpu: Vcpu, addr: Addr) -> None:
    with refused(Errno.ENXIO):
        vcpu.has_pmu_attr(SET_NR_COUNTERS)
    with refused(Errno.ENXIO):
        vcpu.set_pmu_attr(SET_NR_COUNTERS, addr)


@pytest.mark.kvmpmu_clause("nr-counters.absent")
@pytest.mark.kvmpmu_revision(since="linux-6.7")
def test_a_kernel_without_the_attribute_changes_no_number(vcpu: Vcpu, most: int) -> None:
    with refused(Errno.ENXIO):
        set_counters(vcpu, 0)
    assert seen_by_userspace(vcpu) == most


@pytest.mark.kvmpmu_clause("nr-counters.has")
def test_has_says_yes(vcpu: Vcpu) -> None:
    vcpu.has_pmu_attr(SET_NR_COUNTERS)


@pytest.mark.kvmpmu_clause("nr-counters.efault")
@pytest.mark.parametrize("addr", [FAULT, NULL], ids=["unmapped", "null"])
def test_an_unreadable_number_is_efault(vcpu: Vcpu, most: int, addr: Addr) -> None:
    with refused(Errno.EFAULT):
        vcpu.set_pmu_attr(SET_NR_COUNTERS, addr)
    assert seen_by_userspace(vcpu) == most


@pytest.mark.kvmpmu_clause("nr-counters.set", "pmcr.get")
def test_every_number_up_to_the_pmus_is_taken_and_read_back(vcpu: Vcpu, most: int) -> None:
    for number in range(most + 1):
        set_counters(vcpu, number)
        assert seen_by_userspace(vcpu) == number


@needs_vgic
@pytest.mark.kvmpmu_clause("nr-counters.set")
@pytest.mark.parametrize("less", [0, 1, None], ids=["all", "one-less", "none"])
def test_the_guest_sees_the_number(vm: Vm, vcpu: Vcpu, most: int, less: int | None) -> None:
    number = 0 if less is None else most - less
    set_counters(vcpu, number)
    assert seen_by_guest(vm, vcpu) == number


@pytest.mark.kvmpmu_clause("nr-counters.set", "group.vm-scope")
def test_a_number_set_through_one_vcpu_is_the_others_too(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu],
) -> None:
    first, second = vm_with_two_vcpus
    set_counters(first, 1)
    assert seen_by_userspace(second) == 1


@pytest.mark.kvmpmu_clause("nr-counters.einval.range")
@pytest.mark.parametrize("number", [32, 2**31, 2**32 - 1])
def test_more_than_any_pmu_has_is_einval(vcpu: Vcpu, number: int) -> None:
    with refused(Errno.EINVAL):
        set_counters(vcpu, number)


@pytest.mark.kvmpmu_clause("nr-counters.einval.range")
def test_one_more_than_the_pmu_has_is_einval_and_changes_nothing(vcpu: Vcpu, most: int) -> None:
    set_counters(vcpu, 1)
    with refused(Errno.EINVAL):
        set_counters(vcpu, most + 1)
    assert seen_by_userspace(vcpu) == 1


@pytest.mark.kvmpmu_clause("nr-counters.reset")
def test_set_pmu_resets_the_number(vcpu: Vcpu, pmus: tuple[Pmu, ...], most: int) -> None:
    set_counters(vcpu, 1)
    vcpu.set_pmu(pmus[0])
    assert seen_by_userspace(vcpu) == most


@needs_vgic
@pytest.mark.kvmpmu_clause("nr-counters.no-gic")
def test_a_number_needs_no_initialised_gic(vm: Vm, vcpu: Vcpu) -> None:
    set_counters(vcpu, 1)
    vm.create_bare_gic()
    set_counters(vcpu, 0)


@pytest.mark.kvmpmu_clause("nr-counters.after-filter")
def test_a_number_is_taken_after_a_filter(vcpu: Vcpu) -> None:
    vcpu.set_filter(0, 0, 1)
    set_counters(vcpu, 1)


@pytest.mark.kvmpmu_clause("nr-counters.after-filter")
def test_a_number_is_taken_after_a_run_of_another_vcpu(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu],
) -> None:
    ran, other = vm_with_two_vcpus
    ran.init_pmu()
    with refused(Errno.EINTR):
        ran.run(immediate_exit=True)
    set_counters(other, 1)
    assert seen_by_userspace(ran) == 1


@pytest.mark.kvmpmu_clause("group.ebusy.initialized", "nr-counters.set")
def test_after_init_a_number_is_ebusy(vcpu: Vcpu, most: int) -> None:
    vcpu.init_pmu()
    with refused(Errno.EBUSY):
        set_counters(vcpu, 0)
    assert seen_by_userspace(vcpu) == most
