"""api.rst 4.10, KVM_RUN: which error is returned if two apply.

The argument, then the GIC, the timers, the PMU, and after all of those an immediate exit.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_kvmpmu.data.gic import GICS, Gic
from pytest_kvmpmu.kvm import Device, Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi.errno import Errno

VIRTUAL_TIMER, PHYSICAL_TIMER = 27, 30

kvmpmu_clause = pytest.mark.kvmpmu_clause
needs_pmu = pytest.mark.kvmpmu_requires("pmu")
Faulty = Callable[[Vm], None]
needs_vgic = pytest.mark.kvmpmu_requires("vgic")


def no_addresses(vm: Vm, kind: Gic) -> None:
    vm.create_bare_gic(kind)


def overlapping(vm: Vm, kind: Gic) -> None:
    gic = vm.create_bare_gic(kind)
    for frame, _ in reversed(kind.frames):
        gic.set_address(frame, kind.frames[0][1])


def not_initialised(vm: Vm, kind: Gic) -> None:
    vm.create_bare_gic(kind).place(kind)


def fault(
    make: Callable[[Vm, Gic], None], version: int, errno: Errno, mark: pytest.MarkDecorator
) -> object:
    """A parameter: ``make`` for the kind of that version, and the errno of KVM_RUN after it."""
    kind = GICS[version]
    return pytest.param(
        *(lambda vm: make(vm, kind), errno),
        marks=[mark, pytest.mark.kvmpmu_requires(f"gicv{version}")],
        id=f"{make.__name__}-{kind}".replace("_", "-"),
    )


bases = kvmpmu_clause("run.enxio.vgic-bases")
overlap = kvmpmu_clause("run.einval.vgic-overlap")
NO_BASES = [fault(no_addresses, version, Errno.ENXIO, bases) for version in (2, 3)]
OVERLAPPING = [fault(overlapping, version, Errno.EINVAL, overlap) for version in (2, 3)]
# KVM_RUN initialises a GICv2 by itself.
NOT_INITIALISED = [fault(not_initialised, 3, Errno.EBUSY, kvmpmu_clause("run.ebusy.vgic"))]


@kvmpmu_clause("run.einval.arg")
@pytest.mark.parametrize(("create", "errno"), [*NO_BASES, *NOT_INITIALISED])
def test_einval_for_an_argument_wins_over_the_gic(
    vm: Vm, plain: Vcpu, create: Faulty, errno: Errno
) -> None:
    create(vm)
    with refused(Errno.EINVAL):
        plain.call("KVM_RUN", arg=1)
    with refused(errno):  # the GIC's error is still reported
        plain.run()


@pytest.mark.parametrize(("create", "errno"), [*NO_BASES, *OVERLAPPING, *NOT_INITIALISED])
def test_the_gic_wins_over_an_immediate_exit(
    vm: Vm, plain: Vcpu, create: Faulty, errno: Errno
) -> None:
    create(vm)
    with refused(errno):
        plain.run(immediate_exit=True)


@needs_pmu
@pytest.mark.parametrize(("create", "errno"), [*NO_BASES, *NOT_INITIALISED])
@pytest.mark.parametrize("immediate", [False, True], ids=["run", "immediate-exit"])
def test_the_gic_wins_over_a_pmu_that_is_not_initialised(
    vm: Vm, vcpu: Vcpu, create: Faulty, errno: Errno, immediate: bool
) -> None:
    create(vm)
    with refused(errno):
        vcpu.run(immediate_exit=immediate)


@needs_pmu
@kvmpmu_clause("run.einval.irq")
@pytest.mark.parametrize(("create", "errno"), [*NO_BASES, *NOT_INITIALISED])
def test_the_gic_wins_over_an_interrupt_that_is_not_set(
    vm: Vm, vcpu: Vcpu, create: Faulty, errno: Errno
) -> None:
    vcpu.init_pmu()
    create(vm)
    with refused(errno):
        vcpu.run()


@needs_vgic
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
