"""api.rst 4.82: KVM_ARM_VCPU_PMU_V3_STRICT, the feature bit of vCPUs whose PMU has to be chosen."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.expect import refused
from pytest_kvmpmu.host import Host, Pmu
from pytest_kvmpmu.kvm import Vcpu, Vm
from pytest_kvmpmu.pmcr import seen_by_userspace, write
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import Addr

PSCI, PMU, STRICT = k.KVM_ARM_VCPU_PSCI_0_2, k.KVM_ARM_VCPU_PMU_V3, k.KVM_ARM_VCPU_PMU_V3_STRICT

needs_pmu = pytest.mark.kvmpmu_requires("pmu")


@pytest.fixture
def strict(vm: Vm) -> Vcpu:
    """vCPU 0 with a PMU that has to be chosen."""
    vcpu = vm.create_vcpu(0)
    vcpu.init((PSCI, PMU, STRICT))
    return vcpu


@pytest.mark.kvmpmu_clause("strict.einval.no-pmu")
def test_strict_needs_the_pmu_bit(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    with refused(Errno.EINVAL):
        vcpu.init((PSCI, STRICT))


@needs_pmu
@pytest.mark.kvmpmu_clause("init.enxio.no-pmu")
def test_strict_init_before_set_pmu_is_enxio(strict: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    with refused(Errno.ENXIO):
        strict.init_pmu()
    strict.set_pmu(pmus[0])
    strict.init_pmu()


@needs_pmu
@pytest.mark.kvmpmu_clause("filter.enxio.no-pmu")
def test_strict_filter_before_set_pmu_is_enxio(strict: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    with refused(Errno.ENXIO):
        strict.set_filter(0, 0, 1)
    strict.set_pmu(pmus[0])
    strict.set_filter(0, 0, 1)


@needs_pmu
@pytest.mark.kvmpmu_clause("nr-counters.einval.no-pmu")
@pytest.mark.kvmpmu_revision(since="linux-7.3")
def test_strict_counters_before_set_pmu_are_einval(strict: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    attr, one = k.KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS, Addr("u32", (1,))
    with refused(Errno.EINVAL):
        strict.set_pmu_attr(attr, one)
    assert seen_by_userspace(strict) == 0
    strict.set_pmu(pmus[0])
    strict.set_pmu_attr(attr, one)


@pytest.mark.kvmpmu_requires("pmu", "uncovered-cpu")
@pytest.mark.kvmpmu_clause("strict.no-default")
def test_strict_looks_for_no_default_on_the_calling_cpu(
    vm: Vm, host: Host, pmus: tuple[Pmu, ...]
) -> None:
    bare = next(cpu for cpu in host.cpus if host.pmu_of(cpu) is None)
    vcpu = vm.on(bare).create_vcpu(0)
    vcpu.init((PSCI, PMU, STRICT))
    vcpu.set_pmu(pmus[0])


@needs_pmu
@pytest.mark.kvmpmu_clause("strict.no-counters")
def test_strict_has_no_counters_before_set_pmu(strict: Vcpu, pmus: tuple[Pmu, ...]) -> None:
    assert seen_by_userspace(strict) == 0
    strict.set_pmu(pmus[0])
    assert seen_by_userspace(strict) > 0


@needs_pmu
@pytest.mark.kvmpmu_clause("strict.pmcr")
def test_strict_takes_no_number_of_counters_by_register(
    strict: Vcpu, pmus: tuple[Pmu, ...]
) -> None:
    strict.set_pmu(pmus[0])
    most = seen_by_userspace(strict)
    write(strict, most - 1)
    assert seen_by_userspace(strict) == most
