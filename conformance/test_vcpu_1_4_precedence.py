"""vcpu.rst 1.4, KVM_ARM_VCPU_PMU_V3_SET_PMU: which error is returned if two apply."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import Vcpu, Vm
from pytest_kvmpmu.kvm.expect import let_run, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

SET_PMU = k.KVM_ARM_VCPU_PMU_V3_SET_PMU
DENY = 1
# perf's fixed types, and numbers that no PMU has.
NO_PMUS_ID = (0, 1, 2, 3, 4, 5, -1, -(2**31), 2**31 - 1)

pytestmark = pytest.mark.kvmpmu_requires("pmu")
bad_pointer = pytest.mark.parametrize("addr", [FAULT, NULL], ids=["unmapped", "null"])


@pytest.mark.kvmpmu_clause("group.enodev.feature")
@bad_pointer
def test_enodev_wins_over_efault(vm: Vm, addr: Addr) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.ENODEV):
        vcpu.set_pmu_attr(SET_PMU, addr)


@pytest.mark.kvmpmu_clause("group.enodev.feature")
def test_enodev_wins_over_enxio(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    with refused(Errno.ENODEV):
        vcpu.set_pmu(NO_PMUS_ID[0])


@pytest.mark.kvmpmu_clause("group.ebusy.initialized")
@bad_pointer
def test_ebusy_after_init_wins_over_efault(vcpu: Vcpu, addr: Addr) -> None:
    vcpu.init_pmu()
    with refused(Errno.EBUSY):
        vcpu.set_pmu_attr(SET_PMU, addr)


@pytest.mark.kvmpmu_clause("group.ebusy.initialized")
@pytest.mark.parametrize("number", NO_PMUS_ID)
def test_ebusy_after_init_wins_over_enxio(vcpu: Vcpu, number: int) -> None:
    vcpu.init_pmu()
    with refused(Errno.EBUSY):
        vcpu.set_pmu(number)


@pytest.mark.kvmpmu_clause("set-pmu.efault", "set-pmu.ebusy.vcpu-ran")
@bad_pointer
def test_efault_wins_over_ebusy_after_a_run(pair: tuple[Vcpu, Vcpu], addr: Addr) -> None:
    ran, other = pair
    let_run(ran)
    with refused(Errno.EFAULT):
        other.set_pmu_attr(SET_PMU, addr)


@pytest.mark.kvmpmu_clause("set-pmu.enxio", "set-pmu.ebusy.vcpu-ran")
@pytest.mark.parametrize("number", NO_PMUS_ID)
def test_enxio_wins_over_ebusy_after_a_run(pair: tuple[Vcpu, Vcpu], number: int) -> None:
    ran, other = pair
    let_run(ran)
    with refused(Errno.ENXIO):
        other.set_pmu(number)


@pytest.mark.kvmpmu_clause("set-pmu.efault", "set-pmu.ebusy.filter")
@bad_pointer
def test_efault_wins_over_ebusy_after_a_filter(vcpu: Vcpu, addr: Addr) -> None:
    vcpu.set_filter(0, 0, DENY)
    with refused(Errno.EFAULT):
        vcpu.set_pmu_attr(SET_PMU, addr)


@pytest.mark.kvmpmu_clause("set-pmu.enxio", "set-pmu.ebusy.filter")
@pytest.mark.parametrize("number", NO_PMUS_ID)
def test_enxio_wins_over_ebusy_after_a_filter(vcpu: Vcpu, number: int) -> None:
    vcpu.set_filter(0, 0, DENY)
    with refused(Errno.ENXIO):
        vcpu.set_pmu(number)


@pytest.mark.kvmpmu_clause("set-pmu.efault", "attr.efault")
def test_an_unreadable_kvm_device_attr_is_efault_in_every_state(
    vm: Vm, pmus: tuple[Pmu, ...]
) -> None:
    group = k.KVM_ARM_VCPU_PMU_V3_CTRL
    addr = Addr("int", (pmus[0].type,))
    vcpu = vm.create_vcpu(0)
    for step in (None, vcpu.init_with_pmu, vcpu.init_pmu):
        if step is not None:
            step()
        with refused(Errno.EFAULT):
            vcpu.set_attr(group, SET_PMU, addr, argp="fault")
