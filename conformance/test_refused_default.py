"""Which refused calls choose the VM's default PMU, in kernels where the first SET chooses it.

The default is the calling CPU's PMU.  Each spec makes a call that is refused on the last PMU's
CPU, sets a filter on the first one's, and finds out with SET_PMU which of the two was chosen.
"""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import Vcpu, Vm
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, Addr

GROUP = k.KVM_ARM_VCPU_PMU_V3_CTRL
IRQ, INIT, FILTER, SET_PMU = (
    k.KVM_ARM_VCPU_PMU_V3_IRQ,
    k.KVM_ARM_VCPU_PMU_V3_INIT,
    k.KVM_ARM_VCPU_PMU_V3_FILTER,
    k.KVM_ARM_VCPU_PMU_V3_SET_PMU,
)
UNKNOWN_GROUP, UNKNOWN_ATTR = 3, 5
NO_ACTION = Addr("kvm_pmu_event_filter", (0, 0, 2))

pytestmark = [
    pytest.mark.kvmpmu_requires("two-pmus"),
    pytest.mark.kvmpmu_clause("default-pmu.first-set", "set-pmu.ebusy.filter"),
]
needs_vgic = pytest.mark.kvmpmu_requires("vgic")


def chosen(vcpu: Vcpu, pmus: tuple[Pmu, ...]) -> list[Pmu]:
    """Fix the VM's PMU on a CPU of the first, and return which one it is."""
    vcpu.on(min(pmus[0].cpus)).set_filter(0, 0, 1)
    taken = []
    for pmu in pmus:
        outcome = vcpu.attempt(
            "KVM_SET_DEVICE_ATTR", group=GROUP, attr=SET_PMU, addr=Addr("int", (pmu.type,))
        )
        if outcome.ret == 0:
            taken.append(pmu)
    return taken


@pytest.fixture
def there(vm: Vm, pmus: tuple[Pmu, ...]) -> Vm:
    """The VM, called from a CPU of the last PMU."""
    return vm.on(min(pmus[-1].cpus))


@pytest.fixture
def vcpu(there: Vm) -> Vcpu:
    """vCPU 0 with a PMU, called from there."""
    made = there.create_vcpu(0)
    made.init_with_pmu()
    return made


@pytest.mark.parametrize(
    ("group", "args"),
    [(GROUP, {"argp": "fault"}), (UNKNOWN_GROUP, {})],
    ids=["unreadable", "unknown-group"],
)
def test_a_call_that_names_no_attribute_does_not(
    vcpu: Vcpu, pmus: tuple[Pmu, ...], group: int, args: dict[str, Any]
) -> None:
    with refused(Errno.EFAULT if args else Errno.ENXIO):
        vcpu.set_attr(group, INIT, **args)
    assert chosen(vcpu, pmus) == [pmus[0]]


def test_an_attribute_before_vcpu_init_does_not(there: Vm, pmus: tuple[Pmu, ...]) -> None:
    vcpu = there.create_vcpu(0)
    with refused(Errno.ENODEV):
        vcpu.init_pmu()
    vcpu.init_with_pmu()
    assert chosen(vcpu, pmus) == [pmus[0]]


@pytest.mark.parametrize(
    ("attr", "addr", "errno"),
    [
        pytest.param(IRQ, Addr("int", (23,)), Errno.EINVAL, id="irq-without-irqchip"),
        pytest.param(FILTER, FAULT, Errno.EFAULT, id="filter-unreadable"),
        pytest.param(FILTER, NO_ACTION, Errno.EINVAL, id="filter-range"),
        pytest.param(SET_PMU, FAULT, Errno.EFAULT, id="pmu-unreadable"),
        pytest.param(SET_PMU, Addr("int", (2**31 - 1,)), Errno.ENXIO, id="pmu-unknown"),
        pytest.param(UNKNOWN_ATTR, FAULT, Errno.ENXIO, id="unknown-attribute"),
    ],
)
def test_an_attribute_that_is_refused_does(
    vcpu: Vcpu, pmus: tuple[Pmu, ...], attr: int, addr: Addr, errno: Errno
) -> None:
    with refused(errno):
        vcpu.set_pmu_attr(attr, addr)
    assert chosen(vcpu, pmus) == [pmus[-1]]


@needs_vgic
@pytest.mark.parametrize(
    ("addr", "errno"),
    [(FAULT, Errno.EFAULT), (Addr("int", (-1,)), Errno.EINVAL)],
    ids=["unreadable", "no-interrupt"],
)
def test_an_interrupt_that_is_refused_does(
    there: Vm, vcpu: Vcpu, pmus: tuple[Pmu, ...], addr: Addr, errno: Errno
) -> None:
    there.create_gic()
    with refused(errno):
        vcpu.set_pmu_attr(IRQ, addr)
    assert chosen(vcpu, pmus) == [pmus[-1]]


@needs_vgic
@pytest.mark.parametrize("ready", [True, False], ids=["no-interrupt", "gic-not-ready"])
def test_an_init_that_is_refused_does(
    there: Vm, vcpu: Vcpu, pmus: tuple[Pmu, ...], ready: bool
) -> None:
    if ready:
        there.create_gic()
    else:
        there.create_bare_gic()
    with refused(Errno.ENXIO if ready else Errno.ENODEV):
        vcpu.init_pmu()
    assert chosen(vcpu, pmus) == [pmus[-1]]
