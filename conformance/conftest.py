"""Set-ups that several files of specs share."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.kvm import PMU_PPI, Vcpu, Vm


@pytest.fixture
def vm_with_two_vcpus(vm: Vm) -> tuple[Vcpu, Vcpu]:
    """vCPUs 0 and 1 with a PMU, its interrupt set and the GIC ready; only INIT is missing."""
    first, second = vm.create_vcpu(0), vm.create_vcpu(1)
    for vcpu in (first, second):
        vcpu.init_with_pmu()
    vm.create_gic()
    for vcpu in (first, second):
        vcpu.set_irq(PMU_PPI)
    vm.load("cycle-counter")
    return first, second
