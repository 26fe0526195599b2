"""The GICv2 device in the model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.data.revision import Revision, revision
from pytest_kvmpmu.model import NotModelled
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

from ..machine import IRQ, LITTLE_FIRST, MERGED, PRE, REVISIONS, Machine, integer

HOST = replace(LITTLE_FIRST, gics=(2,))
ADDR, NR_IRQS, CTRL = 0, 3, 4
DIST, CPU = 0, 1
BASE, PAGE = 0x0800_0000, 0x1000
IPA_SIZE = 1 << 40
BEFORE = [known for known in REVISIONS if known < MERGED]
SINCE = [known for known in REVISIONS if known >= MERGED]


def with_gic(wanted: Revision = MERGED, vcpus: int = 1) -> Machine:
    """A VM with a GICv2 ``dev0`` without any attribute set; its vCPUs are not initialised."""
    machine = Machine(wanted, HOST).vm(vcpus)
    assert machine("KVM_CREATE_DEVICE", "vm0", "dev0", type=k.KVM_DEV_TYPE_ARM_VGIC_V2) == 0
    return machine


def placed(machine: Machine) -> Machine:
    """Both frames have an address."""
    assert machine.gic_set(ADDR, DIST, BASE) == 0
    assert machine.gic_set(ADDR, CPU, BASE + 0x10000) == 0
    return machine


@pytest.mark.parametrize("attr", [DIST, CPU])
@pytest.mark.parametrize(
    ("value", "errno"),
    [
        (FAULT, Errno.EFAULT),
        (NULL, Errno.EFAULT),
        (BASE + 1, Errno.EINVAL),
        (IPA_SIZE + 1, Errno.EINVAL),
        (IPA_SIZE, Errno.E2BIG),
        (2**64 - PAGE, Errno.EINVAL),
        (BASE + PAGE, 0),
    ],
    ids=["fault", "null", "unaligned", "beyond, unaligned", "beyond", "wraps", "good"],
)
def test_an_address_is_readable_then_aligned_then_within_reach(
    attr: int, value: int | Addr, errno: int
) -> None:
    assert with_gic().gic_set(ADDR, attr, value) == errno


@pytest.mark.parametrize("wanted", BEFORE, ids=str)
def test_reach_came_before_alignment_and_looked_at_the_first_byte(wanted: Revision) -> None:
    machine = with_gic(wanted)
    assert machine.gic_set(ADDR, CPU, IPA_SIZE + 1) == Errno.E2BIG
    assert machine.gic_set(ADDR, CPU, 2**64 - PAGE) == Errno.E2BIG
    assert machine.gic_set(ADDR, CPU, IPA_SIZE - PAGE) == 0


@pytest.mark.parametrize("wanted", SINCE, ids=str)
@pytest.mark.parametrize(("attr", "size"), [(DIST, PAGE), (CPU, 2 * PAGE)])
def test_a_frame_has_to_end_within_reach(attr: int, size: int, wanted: Revision) -> None:
    assert with_gic(wanted).gic_set(ADDR, attr, IPA_SIZE - size) == 0
    assert with_gic(wanted).gic_set(ADDR, attr, IPA_SIZE - size + PAGE) == Errno.E2BIG


@pytest.mark.parametrize("attr", [2, 3, 5, 99])
def test_other_addresses_are_enxio(attr: int) -> None:
    machine = with_gic()
    assert machine.gic_set(ADDR, attr, FAULT) == Errno.EFAULT
    assert machine.gic_set(ADDR, attr, IPA_SIZE) == Errno.ENXIO
    assert machine("KVM_HAS_DEVICE_ATTR", "dev0", group=ADDR, attr=attr) == Errno.ENXIO


@pytest.mark.parametrize(("group", "attr"), [(ADDR, DIST), (ADDR, CPU), (NR_IRQS, 0), (CTRL, 0)])
def test_has_knows_what_set_takes(group: int, attr: int) -> None:
    assert with_gic()("KVM_HAS_DEVICE_ATTR", "dev0", group=group, attr=attr) == 0


@pytest.mark.parametrize(("group", "attr"), [(CTRL, 1), (CTRL, 3), (5, 0), (9, 0), (99, 0)])
def test_other_groups_and_controls_are_enxio(group: int, attr: int) -> None:
    machine = with_gic()
    assert machine("KVM_HAS_DEVICE_ATTR", "dev0", group=group, attr=attr) == Errno.ENXIO
    assert machine.gic_set(group, attr, NULL) == Errno.ENXIO


def test_its_registers_are_not_covered() -> None:
    with pytest.raises(NotModelled):
        with_gic().gic_set(1, 0, 0)


@pytest.mark.parametrize(
    ("dist", "errno"),
    [(BASE - PAGE, 0), (BASE, Errno.EINVAL), (BASE + PAGE, Errno.EINVAL), (BASE + 2 * PAGE, 0)],
)
def test_a_run_refuses_frames_that_overlap(dist: int, errno: int) -> None:
    machine = with_gic()
    assert machine.init("vcpu0", 2) == 0
    assert machine.gic_set(ADDR, CPU, BASE) == 0
    assert machine.gic_set(ADDR, DIST, dist) == 0
    assert (machine.run(immediate_exit=True).errno or 0) == (errno or Errno.EINTR)


@pytest.mark.parametrize("wanted", REVISIONS, ids=str)
def test_a_run_initialises_it(wanted: Revision) -> None:
    machine = placed(with_gic(wanted))
    assert machine.init("vcpu0", 2) == 0
    assert machine.run(immediate_exit=True).errno == Errno.EINTR
    assert machine.gic_set(NR_IRQS, 0, 64) == Errno.EBUSY
    assert machine("KVM_CREATE_VCPU", "vm0", "vcpu1", id=1) == Errno.EBUSY


def test_a_run_that_the_pmu_refuses_has_initialised_it() -> None:
    machine = placed(with_gic(MERGED))
    assert machine.init() == 0
    assert machine.set(IRQ, integer(23)) == 0
    assert machine.set(1) == Errno.ENODEV
    assert machine.run().errno == Errno.EINVAL
    assert machine.set(1) == 0


@pytest.mark.parametrize("wanted", BEFORE, ids=str)
def test_a_cpu_interface_that_ends_out_of_reach_was_found_by_the_run(wanted: Revision) -> None:
    machine = with_gic(wanted)
    assert machine.init("vcpu0", 2) == 0
    assert machine.gic_set(ADDR, DIST, BASE) == 0
    assert machine.gic_set(ADDR, CPU, IPA_SIZE - PAGE) == 0
    assert machine.run().errno == Errno.ERANGE
    assert machine.run(immediate_exit=True).errno == Errno.EINTR
    assert machine("KVM_CREATE_VCPU", "vm0", "vcpu1", id=1) == 0


@pytest.mark.parametrize(("wanted", "errno"), [(PRE, Errno.EEXIST), (revision("linux-6.0"), 22)])
def test_a_vm_has_eight_vcpus(wanted: Revision, errno: int) -> None:
    machine = with_gic(wanted, vcpus=8)
    assert machine("KVM_CREATE_VCPU", "vm0", "vcpu9", id=8) == Errno.EINVAL
    assert machine("KVM_CREATE_VCPU", "vm0", "vcpu9", id=0) == errno
