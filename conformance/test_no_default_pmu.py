"""A VM without a default PMU: KVM_ARM_VCPU_INIT returns ENODEV, but the feature stays.

From 6.7 on only this (and STRICT) gives a VM with the feature and without a PMU.
"""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.kvm import Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import Addr

DENY = 1
SET_NR_COUNTERS = k.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS

pytestmark = [
    pytest.mark.kvmpmu_requires("pmu", "uncovered-cpu"),
    pytest.mark.kvmpmu_revision(since="linux-6.7"),
    pytest.mark.kvmpmu_clause("default-pmu.enodev"),
]


@pytest.fixture
def vcpu(vm: Vm, host: Host, pmus: tuple[Pmu, ...]) -> Vcpu:
    """vCPU 0, whose initialisation failed on a CPU without a PMU, called from the first PMU's."""
    bare = next(cpu for cpu in host.cpus if host.pmu_of(cpu) is None)
    vcpu = vm.on(bare).create_vcpu(0)
    with refused(Errno.ENODEV):
        vcpu.init_with_pmu()
    return vcpu.on(min(pmus[0].cpus))


@pytest.mark.kvmpmu_clause("nr-counters.einval.no-pmu")
def test_any_number_of_counters_is_einval_until_a_pmu_is_set(
    vcpu: Vcpu, pmus: tuple[Pmu, ...]
) -> None:
    number = Addr("u32", (0,))
    with refused(Errno.EINVAL):
        vcpu.set_pmu_attr(SET_NR_COUNTERS, number)
    vcpu.set_pmu(pmus[0])
    vcpu.set_pmu_attr(SET_NR_COUNTERS, number)


@pytest.mark.kvmpmu_clause("nr-counters.absent")
def test_a_kernel_without_numbers_of_counters_says_enxio(vcpu: Vcpu) -> None:
    with refused(Errno.ENXIO):
        vcpu.set_pmu_attr(SET_NR_COUNTERS, Addr("u32", (0,)))


@pytest.mark.kvmpmu_clause("filter.vm-wide", "set-pmu.ebusy.filter")
@pytest.mark.kvmpmu_revision(until="linux-7.1")
def test_a_filter_chooses_none_and_no_pmu_is_taken_after_it(
    vcpu: Vcpu, pmus: tuple[Pmu, ...]
) -> None:
    vcpu.set_filter(0, 0, DENY)
    for pmu in pmus:
        with refused(Errno.EBUSY):
            vcpu.set_pmu(pmu)


@pytest.mark.kvmpmu_clause("filter.enxio.no-pmu")
def test_a_filter_is_enxio(vcpu: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    with refused(Errno.ENXIO):
        vcpu.set_filter(0, 0, DENY)
    for pmu in pmus:
        vcpu.set_pmu(pmu)


@pytest.mark.kvmpmu_clause("init.once")
@pytest.mark.kvmpmu_revision(until="linux-7.1")
def test_init_is_taken(vcpu: Vcpu) -> None:
    vcpu.init_pmu()
    with refused(Errno.EBUSY):
        vcpu.init_pmu()


@pytest.mark.kvmpmu_clause("init.enxio.no-pmu", "init.once")
def test_init_is_enxio_until_a_pmu_is_set(vcpu: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    with refused(Errno.ENXIO):
        vcpu.init_pmu()
    vcpu.set_pmu(pmus[0])
    vcpu.init_pmu()
