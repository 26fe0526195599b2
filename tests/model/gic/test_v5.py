"""A host with a GICv5 (contract 2.8 and 2.9, 7.1): its device, and the PMU's interrupt on it."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.revision import REVISIONS, Revision, revision
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno

from ..machine import INIT, IRQ, Machine, integer

V3, V5 = k.KVM_DEV_TYPE_ARM_VGIC_V3, k.KVM_DEV_TYPE_ARM_VGIC_V5
ADDR, NR_IRQS, CTRL = 0, 3, 4
NUMBER = 0x2000_0017
FIRST_WITH_V5 = revision("linux-7.1")
HOST = load("gicv5")
with_v5 = pytest.mark.parametrize("wanted", [r for r in REVISIONS if r >= FIRST_WITH_V5], ids=str)


def fresh(wanted: Revision) -> Machine:
    """A VM with two vCPUs with PMUs and a GICv5 ``dev0``, not initialised."""
    machine = Machine(wanted, HOST).ready(2)
    assert machine("KVM_CREATE_DEVICE", "vm0", "dev0", type=V5) == 0
    return machine


@pytest.mark.parametrize("flags", [0, 1], ids=["make", "test"])
@pytest.mark.parametrize("wanted", REVISIONS, ids=str)
def test_the_device_is_there_since_7_1_on_a_host_that_has_one(wanted: Revision, flags: int) -> None:
    there = Machine(wanted, HOST).vm()("KVM_CREATE_DEVICE", "vm0", "dev0", type=V5, flags=flags)
    assert there == (0 if wanted >= FIRST_WITH_V5 else Errno.ENODEV)
    gicv3 = Machine(wanted).vm()
    assert gicv3("KVM_CREATE_DEVICE", "vm0", "dev0", type=V5, flags=flags) == Errno.ENODEV
    assert Machine(wanted, HOST).vm()("KVM_CREATE_DEVICE", "vm0", "dev0", type=V3) == 0


@with_v5
def test_a_vm_has_one_of_the_two(wanted: Revision) -> None:
    machine = fresh(wanted)
    for number in (V3, V5):
        assert machine("KVM_CREATE_DEVICE", "vm0", "dev1", type=number) == Errno.EEXIST


@with_v5
@pytest.mark.parametrize(
    ("group", "attr", "set_errno", "has_errno"),
    [
        (CTRL, 0, 0, 0),
        (CTRL, 5, Errno.ENXIO, 0),
        (CTRL, 1, Errno.ENXIO, Errno.ENXIO),
        (ADDR, 2, Errno.ENXIO, Errno.ENXIO),
        (NR_IRQS, 0, Errno.ENXIO, Errno.ENXIO),
        (1, 0, Errno.ENXIO, Errno.ENXIO),
        (99, 0, Errno.ENXIO, Errno.ENXIO),
    ],
)
def test_it_has_two_attributes(
    group: int, attr: int, set_errno: int, has_errno: int, wanted: Revision
) -> None:
    machine = fresh(wanted)
    assert machine.gic_set(group, attr, 64) == set_errno
    assert machine("KVM_HAS_DEVICE_ATTR", "dev0", group=group, attr=attr) == has_errno


@with_v5
def test_irq_takes_one_number_on_each_vcpu_and_once(wanted: Revision) -> None:
    machine = fresh(wanted)
    for vcpu in ("vcpu0", "vcpu1"):
        for number in (0, 23, 24, 40, NUMBER - 1, NUMBER + 1, -1):
            assert machine.set(IRQ, integer(number), on=vcpu) == Errno.EINVAL
        assert machine.set(IRQ, integer(NUMBER), on=vcpu) == 0
        assert machine.set(IRQ, integer(NUMBER), on=vcpu) == Errno.EBUSY
        assert machine.set(IRQ, integer(23), on=vcpu) == Errno.EINVAL


@with_v5
@pytest.mark.parametrize("given", [True, False], ids=["irq", "no-irq"])
def test_init_sets_the_number_where_irq_did_not(given: bool, wanted: Revision) -> None:
    machine = fresh(wanted)
    if given:
        assert machine.set(IRQ, integer(NUMBER)) == 0
    assert machine.set(INIT) == Errno.ENODEV
    assert machine.gic_set(CTRL, 0) == 0
    assert (machine.get(IRQ).errno is None) == given
    assert machine.set(INIT) == 0
    assert machine.get(IRQ).out == {"value": NUMBER}
    assert machine.run(immediate_exit=True).errno == Errno.EINTR


@with_v5
def test_a_gicv3_on_that_host_is_as_any_other(wanted: Revision) -> None:
    machine = Machine(wanted, HOST).ready().gic()
    assert machine.set(IRQ, integer(NUMBER)) == Errno.EINVAL
    assert machine.set(INIT) == Errno.ENXIO
    assert machine.set(IRQ) == 0
    assert machine.set(INIT) == 0


@with_v5
def test_a_run_needs_it_initialised_and_no_addresses(wanted: Revision) -> None:
    machine = fresh(wanted)
    assert machine.run(immediate_exit=True).errno == Errno.EBUSY
    assert machine.run(immediate_exit=True).errno == Errno.EIO


@with_v5
def test_init_before_the_gicv5_is_a_dead_end(wanted: Revision) -> None:
    machine = Machine(wanted, HOST).ready()
    assert machine.set(INIT) == 0
    assert machine("KVM_CREATE_DEVICE", "vm0", "dev0", type=V5) == 0
    assert machine.gic_set(CTRL, 0) == 0
    assert machine.run(immediate_exit=True).errno == Errno.EINVAL
