"""Fixtures shared by several spec files."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import Vcpu, Vm
from pytest_kvmpmu.kvm.pmcr import seen_by_userspace


@pytest.fixture
def vm_with_two_vcpus(vm: Vm, pmus: tuple[Pmu, ...]) -> tuple[Vcpu, Vcpu]:
    """vCPUs 0 and 1 with a PMU, its interrupt set and the host's vGIC ready, but without INIT.

    On a CPU of the first PMU, which every kernel's default PMU covers.
    """
    here = vm.on(min(pmus[0].cpus))
    with vm.session.batch():
        first, second = here.create_vcpu(0), here.create_vcpu(1)
        for vcpu in (first, second):
            vcpu.init_with_pmu()
        here.connect(first, second)
        here.load("cycle-counter")
    return first, second


@pytest.fixture
def counted(vm: Vm, pmus: tuple[Pmu, ...]) -> Vcpu:
    """vCPU 0 with a PMU after INIT, without an irqchip, on a CPU where its default PMU counts."""
    vcpu = vm.on(min(pmus[0].cpus)).create_vcpu(0)
    vcpu.init_with_pmu()
    vcpu.init_pmu()
    return vcpu


@pytest.fixture
def pair(vm: Vm) -> tuple[Vcpu, Vcpu]:
    """Two vCPUs with a PMU, in a VM without an irqchip."""
    with vm.session.batch():
        made = vm.create_vcpu(0), vm.create_vcpu(1)
        for vcpu in made:
            vcpu.init_with_pmu()
    return made


@pytest.fixture
def plain(vm: Vm) -> Vcpu:
    """vCPU 0 without a PMU."""
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    return vcpu


@pytest.fixture
def most(vcpu: Vcpu) -> int:
    """The default PMU's number of counters, from a fresh PMCR_EL0."""
    return seen_by_userspace(vcpu)
