"""api.rst 4.83: KVM_ARM_PREFERRED_TARGET."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.kvm import Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi.errno import Errno


@pytest.mark.kvmpmu_clause("preferred-target.always")
def test_there_is_a_target_and_vcpu_init_takes_it(vm: Vm) -> None:
    vcpu = vm.create_vcpu(0)
    vcpu.do("KVM_ARM_VCPU_INIT", target=vm.preferred_target(), features=[])


@pytest.mark.kvmpmu_clause("preferred-target.efault")
def test_an_unwritable_preferred_target_is_efault(vm: Vm) -> None:
    with refused(Errno.EFAULT):
        vm.call("KVM_ARM_PREFERRED_TARGET", argp="fault")
