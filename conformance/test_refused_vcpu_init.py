"""A refused KVM_ARM_VCPU_INIT changes no state, except where another file says otherwise.

Until 6.4 it could leave feature bits; these specs show what happens to them.
"""

from __future__ import annotations

import pytest

from pytest_kvmpmu.kvm import Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno

PSCI, PMU, STRICT = k.KVM_ARM_VCPU_PSCI_0_2, k.KVM_ARM_VCPU_PMU_V3, k.KVM_ARM_VCPU_PMU_V3_STRICT
SVE, UNKNOWN_FEATURE, UNKNOWN_TARGET = 4, 20, 99
PMU_INIT = k.KVM_ARM_VCPU_PMU_V3_INIT

needs_pmu = pytest.mark.kvmpmu_requires("pmu")
no_pmu = pytest.mark.kvmpmu_requires("no-pmu")
armv8_0 = pytest.mark.kvmpmu_requires("ten-bit-events")
kvmpmu_clause = pytest.mark.kvmpmu_clause


@needs_pmu
@armv8_0
@kvmpmu_clause("vcpu-init.same-features", "vcpu-init.reset")
@pytest.mark.parametrize(
    ("errno", "features", "more"),
    [
        pytest.param(Errno.EFAULT, (PSCI, PMU), {"argp": "fault"}, id="unreadable"),
        pytest.param(Errno.EINVAL, (PSCI, PMU), {"target": UNKNOWN_TARGET}, id="target"),
        pytest.param(Errno.ENOENT, (PMU, UNKNOWN_FEATURE), {}, id="unknown"),
        pytest.param(Errno.EINVAL, (PMU, SVE), {}, id="unsupported"),
        pytest.param(
            *(Errno.EINVAL, (PSCI, STRICT), {}),
            marks=[kvmpmu_clause("strict.einval.no-pmu")],
            id="strict",
        ),
    ],
)
def test_a_refused_init_fixes_no_features(
    vm: Vm, errno: Errno, features: tuple[int, ...], more: dict[str, object]
) -> None:
    first, second = vm.create_vcpu(0), vm.create_vcpu(1)
    args = {"target": vm.preferred_target(), "features": features, **more}
    with refused(errno):
        first.call("KVM_ARM_VCPU_INIT", **args)
    with refused(Errno.ENOEXEC):
        first.run(immediate_exit=True)
    second.init(())
    first.init(())


@needs_pmu
@kvmpmu_clause("vcpu-init.reset", "has.enxio.feature", "vcpu-init.einval.changed")
def test_a_refused_change_of_features_changes_none(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init((PSCI,))
    with refused(Errno.EINVAL):
        vcpu.init((PSCI, PMU))
    with refused(Errno.ENXIO):
        vcpu.has_pmu_attr(PMU_INIT)


@needs_pmu
@armv8_0
@kvmpmu_clause("vcpu-init.reset", "has.enxio.feature")
@pytest.mark.parametrize(
    ("features", "more"),
    [
        pytest.param(
            *((PMU,), {"target": UNKNOWN_TARGET}),
            marks=kvmpmu_clause("vcpu-init.einval.target"),
            id="target",
        ),
        pytest.param(
            (PMU, SVE), {}, marks=kvmpmu_clause("vcpu-init.einval.unsupported"), id="unsupported"
        ),
    ],
)
def test_a_refused_init_gives_no_pmu(
    vm: Vm, features: tuple[int, ...], more: dict[str, object]
) -> None:
    vcpu = vm.create_vcpu(0)
    args = {"target": vm.preferred_target(), "features": features, **more}
    with refused(Errno.EINVAL):
        vcpu.call("KVM_ARM_VCPU_INIT", **args)
    with refused(Errno.ENXIO):
        vcpu.has_pmu_attr(PMU_INIT)


@needs_pmu
@armv8_0
@kvmpmu_clause("vcpu-init.leak", "vcpu-init.reset", "vcpu-init.einval.unsupported")
def test_a_bit_that_a_refusal_left_goes_with_the_next_unsupported_one(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    with refused(Errno.ENOENT):
        vcpu.init((PMU, UNKNOWN_FEATURE))
    vcpu.has_pmu_attr(PMU_INIT)
    with refused(Errno.EINVAL):
        vcpu.init((SVE,))
    with refused(Errno.ENXIO):
        vcpu.has_pmu_attr(PMU_INIT)


@armv8_0
@kvmpmu_clause("vcpu-init.leak", "vcpu-init.reset", "vcpu-init.einval.unsupported")
def test_an_unsupported_bit_that_a_refusal_left_is_refused_and_forgotten(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    with refused(Errno.ENOENT):
        vcpu.init((SVE, UNKNOWN_FEATURE))
    with refused(Errno.EINVAL):
        vcpu.init(())
    vcpu.init(())


@no_pmu
@kvmpmu_clause("vcpu-init.leak", "vcpu-init.reset", "vcpu-init.einval.no-pmu")
def test_a_pmus_bit_that_a_refusal_left_is_refused_and_forgotten(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    with refused(Errno.ENOENT):
        vcpu.init((PMU, UNKNOWN_FEATURE))
    with refused(Errno.EINVAL):
        vcpu.init(())
    vcpu.init(())


@kvmpmu_clause("vcpu-init.enoent.feature", "vcpu-init.reset")
def test_an_unknown_feature_is_not_kept(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    with refused(Errno.ENOENT):
        vcpu.init((UNKNOWN_FEATURE,))
    vcpu.init(())
    vcpu.init(())


@no_pmu
@kvmpmu_clause("vcpu-init.reset", "vcpu-init.einval.changed")
def test_a_pmu_asked_for_in_vain_leaves_a_vcpu_initialised(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.init((PSCI,))
    with refused(Errno.EINVAL):
        vcpu.init((PSCI, PMU))
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)
