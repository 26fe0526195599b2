"""KVM_CREATE_VM in the model: sizes, and protected VMs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.data.revision import revision
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.model import NotModelled
from pytest_kvmpmu.model.state import Vm
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno

from .machine import LITTLE_FIRST, Machine

PROTECTED = load("protected")
PROTECTED_VM = k.KVM_VM_TYPE_ARM_PROTECTED


def bits_of(machine: Machine) -> int:
    found = machine.state.objects["vm0"]
    assert isinstance(found, Vm)
    return found.ipa_bits


@pytest.mark.parametrize(
    ("limit", "asked", "errno"),
    [
        (44, 0, 0),
        (44, 32, 0),
        (44, 44, 0),
        (44, 31, Errno.EINVAL),
        (44, 45, Errno.EINVAL),
        (36, 0, Errno.EINVAL),
        (36, 36, 0),
        (36, 40, Errno.EINVAL),
        (52, 52, 0),
    ],
)
def test_a_size_is_within_the_hosts_limit(limit: int, asked: int, errno: int) -> None:
    machine = Machine(host=replace(LITTLE_FIRST, ipa_bits=limit))
    assert machine("KVM_CREATE_VM", "kvm", "vm0", type=asked) == errno
    if not errno:
        assert bits_of(machine) == (asked or 40)


@pytest.mark.parametrize("asked", [0, 1, 32, 255])
def test_in_protected_mode_a_vm_has_the_largest_size(asked: int) -> None:
    machine = Machine(revision("linux-6.2"), PROTECTED)
    assert machine("KVM_CREATE_VM", "kvm", "vm0", type=asked) == 0
    assert bits_of(machine) == PROTECTED.ipa_bits


@pytest.mark.parametrize("name", ["linux-5.10", "linux-6.0"])
def test_before_6_2_protected_mode_made_no_difference(name: str) -> None:
    machine = Machine(revision(name), PROTECTED)
    assert machine("KVM_CREATE_VM", "kvm", "vm0", type=31) == Errno.EINVAL
    assert machine("KVM_CREATE_VM", "kvm", "vm0", type=0) == 0
    assert bits_of(machine) == 40


@pytest.mark.parametrize(
    ("name", "errno"),
    [("linux-6.0", Errno.EINVAL), ("linux-6.7", Errno.EINVAL), ("linux-7.1", 0), ("linux-7.3", 0)],
)
def test_a_protected_vm_can_be_made_on_newer_kernels(name: str, errno: int) -> None:
    machine = Machine(revision(name), PROTECTED)
    assert machine("KVM_CREATE_VM", "kvm", "vm0", type=PROTECTED_VM) == errno
    assert machine("KVM_CREATE_VM", "kvm", "vm1", type=1 << 30) == Errno.EINVAL
    assert Machine(revision(name))("KVM_CREATE_VM", "kvm", "vm0", type=PROTECTED_VM)


def test_where_it_was_not_tried_it_is_not_guessed() -> None:
    machine = Machine(revision("linux-6.16"), PROTECTED)
    with pytest.raises(NotModelled):
        machine("KVM_CREATE_VM", "kvm", "vm0", type=PROTECTED_VM)


def test_a_protected_vm_says_that_it_has_no_pmu() -> None:
    machine = Machine(revision("linux-7.3"), PROTECTED)
    assert machine("KVM_CREATE_VM", "kvm", "vm0", type=PROTECTED_VM) == 0
    found = {
        on: machine.outcome("KVM_CHECK_EXTENSION", on, cap="KVM_CAP_ARM_PMU_V3").ret
        for on in ("kvm", "vm0")
    }
    assert found == {"kvm": 1, "vm0": 0}


def test_the_guest_of_a_protected_vm_takes_an_exception_at_its_first_pmu_register() -> None:
    machine = Machine(revision("linux-7.3"), PROTECTED)
    assert machine("KVM_CREATE_VM", "kvm", "vm0", type=PROTECTED_VM) == 0
    assert machine("KVM_CREATE_VCPU", "vm0", "vcpu0", id=0) == 0
    assert machine.init() == 0
    assert machine.set(1) == 0
    machine.load()
    exit = machine.run().exit
    assert exit is not None
    assert exit.mmio is not None
    assert exit.mmio.data == 1 << 25
    assert machine.run().timed_out


def test_in_protected_mode_a_guests_cycle_counter_stays_at_0() -> None:
    for name, moves in (("linux-6.0", True), ("linux-6.2", False), ("linux-7.3", False)):
        machine = Machine(revision(name), PROTECTED).ready()
        assert machine.set(1) == 0
        machine.load()
        exit = machine.run().exit
        assert exit is not None
        assert exit.mmio is not None
        assert (exit.mmio.data > 0) == moves, name
