"""api.rst 4.10, KVM_RUN: which error is returned if two apply.

The argument, then the GIC, the timers, the PMU, and after all of those an immediate exit.
"""

from __future__ import annotations

import pytest

from pytest_kvmpmu.kvm import Device, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import Addr

ADDR = k.KVM_DEV_ARM_VGIC_GRP_ADDR
DIST, REDIST = k.KVM_VGIC_V3_ADDR_TYPE_DIST, k.KVM_VGIC_V3_ADDR_TYPE_REDIST
BASE, OTHER = 0x0800_0000, 0x080A_0000
VIRTUAL_TIMER, PHYSICAL_TIMER = 27, 30

kvmpmu_clause = pytest.mark.kvmpmu_clause
needs_pmu = pytest.mark.kvmpmu_requires("pmu")
Bases = tuple[tuple[int, int], ...]

NO_BASES = pytest.param(
    *((), Errno.ENXIO), marks=kvmpmu_clause("run.enxio.vgic-bases"), id="no-addresses"
)
OVERLAPPING = pytest.param(
    *(((REDIST, BASE), (DIST, BASE)), Errno.EINVAL),
    marks=kvmpmu_clause("run.einval.vgic-overlap"),
    id="overlapping",
)
NOT_INITIALISED = pytest.param(
    *(((DIST, BASE), (REDIST, OTHER)), Errno.EBUSY),
    marks=kvmpmu_clause("run.ebusy.vgic"),
    id="not-initialised",
)


@pytest.fixture
def plain(vm: Vm) -> Vcpu:
    """vCPU 0 without a PMU."""
    vcpu = vm.create_vcpu(0)
    vcpu.init()
    return vcpu


def create_gic(vm: Vm, bases: Bases) -> None:
    """Create a GICv3 with these addresses, not initialised."""
    gic = vm.create_device(k.KVM_DEV_TYPE_ARM_VGIC_V3)
    for attr, base in bases:
        gic.set_attr(ADDR, attr, Addr("u64", (base,)))


@kvmpmu_clause("run.einval.arg")
@pytest.mark.parametrize(("bases", "errno"), [NO_BASES, NOT_INITIALISED])
def test_einval_for_an_argument_wins_over_the_gic(
    vm: Vm, plain: Vcpu, bases: Bases, errno: Errno
) -> None:
    create_gic(vm, bases)
    with refused(Errno.EINVAL):
        plain.call("KVM_RUN", arg=1)
    with refused(errno):  # the GIC's error is still reported
        plain.run()


@pytest.mark.parametrize(("bases", "errno"), [NO_BASES, OVERLAPPING, NOT_INITIALISED])
def test_the_gic_wins_over_an_immediate_exit(
    vm: Vm, plain: Vcpu, bases: Bases, errno: Errno
) -> None:
    create_gic(vm, bases)
    with refused(errno):
        plain.run(immediate_exit=True)


@needs_pmu
@pytest.mark.parametrize(("bases", "errno"), [NO_BASES, NOT_INITIALISED])
@pytest.mark.parametrize("immediate", [False, True], ids=["run", "immediate-exit"])
def test_the_gic_wins_over_a_pmu_that_is_not_initialised(
    vm: Vm, vcpu: Vcpu, bases: Bases, errno: Errno, immediate: bool
) -> None:
    create_gic(vm, bases)
    with refused(errno):
        vcpu.run(immediate_exit=immediate)


@needs_pmu
@kvmpmu_clause("run.einval.irq")
@pytest.mark.parametrize(("bases", "errno"), [NO_BASES, NOT_INITIALISED])
def test_the_gic_wins_over_an_interrupt_that_is_not_set(
    vm: Vm, vcpu: Vcpu, bases: Bases, errno: Errno
) -> None:
    vcpu.init_pmu()
    create_gic(vm, bases)
    with refused(errno):
        vcpu.run()


@needs_pmu
@kvmpmu_clause("run.einval.timer")
@pytest.mark.parametrize("irq", [VIRTUAL_TIMER, PHYSICAL_TIMER], ids=["virtual", "physical"])
def test_a_timers_interrupt_wins_over_an_immediate_exit(vcpu: Vcpu, gic: Device, irq: int) -> None:
    vcpu.set_irq(irq)
    vcpu.init_pmu()
    with refused(Errno.EINVAL):
        vcpu.run(immediate_exit=True)


@kvmpmu_clause("run.einval.arg", "run.eintr.immediate-exit", "run.enosys")
def test_an_argument_and_an_immediate_exit_come_before_the_guest(vm: Vm, plain: Vcpu) -> None:
    vm.load("no-syndrome")
    with refused(Errno.EINVAL):
        plain.call("KVM_RUN", arg=1, immediate_exit=True)
    with refused(Errno.EINVAL):
        plain.call("KVM_RUN", arg=1)
    with refused(Errno.EINTR):
        plain.run(immediate_exit=True)
    with refused(Errno.ENOSYS):
        plain.run()
