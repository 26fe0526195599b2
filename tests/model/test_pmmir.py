"""PMMIR_EL1 in the model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.revision import Revision, revision
from pytest_kvmpmu.model import NotModelled
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, Addr

from .machine import LITTLE_FIRST, PSCI, REVISIONS, Machine

NEW = revision("linux-7.3")
WITH_SLOTS = replace(LITTLE_FIRST, pmus=tuple(replace(p, pmuver=5) for p in LITTLE_FIRST.pmus))


def set_to(machine: Machine, value: int | Addr) -> int:
    addr = value if isinstance(value, Addr) else Addr("u64", (value,))
    return machine("KVM_SET_ONE_REG", "vcpu0", id=k.PMMIR_EL1, addr=addr)


def get(machine: Machine) -> int:
    return machine("KVM_GET_ONE_REG", "vcpu0", id=k.PMMIR_EL1)


@pytest.mark.parametrize("wanted", [known for known in REVISIONS if known < NEW], ids=str)
def test_before_7_3_there_is_none(wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    assert get(machine) == set_to(machine, 0) == set_to(machine, 1 << 20) == Errno.ENOENT


@pytest.mark.parametrize("wanted", [known for known in REVISIONS if known < NEW], ids=str)
def test_since_6_0_a_value_is_read_before_the_register_is_looked_up(wanted: Revision) -> None:
    looked_up_first = wanted < revision("linux-6.0")
    assert set_to(Machine(wanted).ready(), FAULT) == (
        Errno.ENOENT if looked_up_first else Errno.EFAULT
    )


@pytest.mark.parametrize(
    ("value", "before", "after"),
    [
        (0, 0, 0),
        (1, Errno.EINVAL, Errno.EBUSY),
        (0x100, Errno.EINVAL, Errno.EINVAL),
        (FAULT, Errno.EFAULT, Errno.EFAULT),
    ],
)
def test_its_slots_are_0(value: int | Addr, before: int, after: int) -> None:
    machine = Machine(NEW).ready()
    assert get(machine) == 0
    assert set_to(machine, value) == before
    assert set_to(machine.start(), value) == after


def test_a_vcpu_without_a_pmu_has_none() -> None:
    machine = Machine(NEW).vm()
    assert machine.init("vcpu0", PSCI) == 0
    assert get(machine) == set_to(machine, 1 << 20) == Errno.ENOENT
    assert set_to(machine, FAULT) == Errno.EFAULT


@pytest.mark.parametrize("host", [WITH_SLOTS], ids=["slots"])
def test_the_slots_of_a_pmu_that_has_some_are_not_guessed(host: Host) -> None:
    machine = Machine(NEW, host).ready()
    assert set_to(machine, 0x100) == Errno.EINVAL
    with pytest.raises(NotModelled):
        get(machine)
    with pytest.raises(NotModelled):
        set_to(machine, 8)
