"""The GICv3 device in the model (contract 2.5)."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.model import NotModelled
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

from ..machine import DIST, MERGED, REDIST, REVISIONS, Machine

ADDR, NR_IRQS, CTRL = 0, 3, 4
IPA_SIZE = 1 << 40


def fresh() -> Machine:
    """A VM with a GIC without any attribute set."""
    return Machine().vm().gic(initialise=False, bases=False)


@pytest.mark.parametrize("attr", [2, 3], ids=["distributor", "redistributors"])
@pytest.mark.parametrize(
    ("value", "errno"),
    [
        (FAULT, Errno.EFAULT),
        (NULL, Errno.EFAULT),
        (DIST + 0x1000, Errno.EINVAL),
        (IPA_SIZE + 1, Errno.EINVAL),
        (IPA_SIZE, Errno.E2BIG),
        (2**64 - 0x10000, Errno.EINVAL),
        (DIST, 0),
        (0, 0),
    ],
    ids=["fault", "null", "4K", "beyond, unaligned", "beyond", "wraps", "good", "zero"],
)
def test_an_address_is_readable_then_aligned_then_within_reach(
    attr: int, value: int | Addr, errno: int
) -> None:
    assert fresh().gic_set(ADDR, attr, value) == errno


@pytest.mark.parametrize("wanted", [r for r in REVISIONS if r < MERGED], ids=str)
def test_an_address_that_wraps_was_just_too_large_until_5_17(wanted: Revision) -> None:
    machine = Machine(wanted).vm().gic(initialise=False, bases=False)
    assert machine.gic_set(ADDR, 2, 2**64 - 0x10000) == Errno.E2BIG


@pytest.mark.parametrize(
    ("attr", "vcpus", "room"), [(2, 1, 0x10000), (2, 2, 0x10000), (3, 1, 0x20000), (3, 2, 0x40000)]
)
def test_a_frame_has_to_end_within_reach(attr: int, vcpus: int, room: int) -> None:
    for base, errno in ((IPA_SIZE - room, 0), (IPA_SIZE - room + 0x10000, Errno.E2BIG)):
        machine = Machine().vm(vcpus).gic(initialise=False, bases=False)
        assert machine.gic_set(ADDR, attr, base) == errno


@pytest.mark.parametrize(
    ("base", "errno"),
    [
        (DIST, Errno.EINVAL),
        (DIST - 0x10000, Errno.EINVAL),
        (DIST - 0x20000, 0),
        (DIST + 0x10000, 0),
    ],
)
def test_redistributors_keep_out_of_the_distributors_frame(base: int, errno: int) -> None:
    machine = fresh()
    assert machine.gic_set(ADDR, 2, DIST) == 0
    assert machine.gic_set(ADDR, 3, base) == errno


@pytest.mark.parametrize("attr", [2, 3], ids=["distributor", "redistributors"])
def test_an_address_is_set_once(attr: int) -> None:
    machine = fresh()
    assert machine.gic_set(ADDR, attr, REDIST) == 0
    assert machine.gic_set(ADDR, attr, REDIST) == Errno.EEXIST
    assert machine.gic_set(ADDR, attr, 0x1001) == Errno.EEXIST
    assert machine.gic_set(ADDR, attr, FAULT) == Errno.EFAULT


@pytest.mark.parametrize("attr", [0, 1, 77], ids=["v2-dist", "v2-cpu", "unknown"])
def test_an_address_type_that_a_gicv3_lacks_is_enxio(attr: int) -> None:
    machine = fresh()
    assert machine.gic_set(ADDR, attr, 0x1001) == Errno.ENXIO
    assert machine.gic_set(ADDR, attr, FAULT) == Errno.EFAULT


@pytest.mark.parametrize(
    ("value", "errno"),
    [
        (FAULT, Errno.EFAULT),
        (32, Errno.EINVAL),
        (63, Errno.EINVAL),
        (64, 0),
        (65, Errno.EINVAL),
        (256, 0),
        (992, 0),
        (1023, Errno.EINVAL),
        (1024, Errno.EINVAL),
    ],
)
def test_the_number_of_interrupts_is_64_to_992_in_steps_of_32(
    value: int | Addr, errno: int
) -> None:
    assert fresh().gic_set(NR_IRQS, 0, value) == errno


def test_the_number_of_interrupts_is_set_once() -> None:
    machine = fresh()
    assert machine.gic_set(NR_IRQS, 0, 64) == 0
    assert machine.gic_set(NR_IRQS, 0, 64) == Errno.EBUSY
    assert machine.gic_set(NR_IRQS, 0, 63) == Errno.EINVAL
    assert machine.gic_set(NR_IRQS, 0, FAULT) == Errno.EFAULT


def test_the_number_of_interrupts_cannot_be_set_after_init() -> None:
    machine = fresh()
    assert machine.gic_set(CTRL, 0) == 0
    assert machine.gic_set(NR_IRQS, 0, 64) == Errno.EBUSY


def test_init_needs_no_addresses_and_may_be_repeated() -> None:
    machine = fresh()
    assert [machine.gic_set(CTRL, 0) for _ in range(3)] == [0, 0, 0]


@pytest.mark.parametrize(("group", "attr"), [(CTRL, 9), (10, 0), (2**32 - 1, 0)])
def test_an_unknown_group_or_control_is_enxio_to_set_and_has(group: int, attr: int) -> None:
    machine = fresh()
    assert machine.gic_set(group, attr) == Errno.ENXIO
    if group > 9:
        assert machine("KVM_HAS_DEVICE_ATTR", "dev0", group=group, attr=attr) == Errno.ENXIO


@pytest.mark.parametrize(("group", "attr"), [(ADDR, 2), (ADDR, 3), (NR_IRQS, 0), (CTRL, 0)])
def test_has_knows_what_set_takes(group: int, attr: int) -> None:
    machine = fresh()
    assert machine("KVM_HAS_DEVICE_ATTR", "dev0", group=group, attr=attr, addr=FAULT) == 0


@pytest.mark.parametrize("ioctl", ["KVM_SET_DEVICE_ATTR", "KVM_GET_DEVICE_ATTR"])
@pytest.mark.parametrize("group", [ADDR, NR_IRQS, CTRL, 99])
def test_an_unreadable_kvm_device_attr_is_efault_before_all_else(ioctl: str, group: int) -> None:
    assert fresh()(ioctl, "dev0", group=group, attr=2, argp="fault") == Errno.EFAULT


@pytest.mark.parametrize("group", [1, 2, 5, 8, 9])
def test_groups_of_registers_are_not_modelled(group: int) -> None:
    with pytest.raises(NotModelled, match=r"does not cover .*KVM_SET_DEVICE_ATTR"):
        fresh().gic_set(group, 0, 0)
