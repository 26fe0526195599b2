"""KVM_CREATE_DEVICE and KVM_CREATE_IRQCHIP in the model, by the kinds of vGIC that a host has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.data.gic import GICS
from pytest_kvmpmu.data.revision import revision
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno

from .machine import LITTLE_FIRST, Machine

V2, V3, ITS, V5 = 5, 7, 8, 16
NEWEST = revision("linux-7.3")


def machine(*gics: int, since: str = "linux-7.3") -> Machine:
    """An empty VM of a host with those kinds."""
    return Machine(revision(since), replace(LITTLE_FIRST, gics=gics)).vm(0)


def create(on: Machine, type: int, flags: int = 0, name: str = "dev0") -> int:
    return on("KVM_CREATE_DEVICE", "vm0", name, type=type, flags=flags)


@pytest.mark.parametrize(
    ("gics", "made"),
    [((), set()), ((2,), {V2}), ((3,), {V3, ITS}), ((3, 2), {V2, V3, ITS}), ((5,), {V5})],
)
def test_a_host_makes_the_devices_of_its_kinds(gics: tuple[int, ...], made: set[int]) -> None:
    asked = {type for type in (V2, V3, ITS, V5) if create(machine(*gics), type, 1) == 0}
    assert asked == made


@pytest.mark.parametrize("first", [2, 3])
def test_a_vm_has_one_vgic_of_either_kind(first: int) -> None:
    vm = machine(3, 2)
    assert create(vm, GICS[first].device) == 0
    for version in (2, 3):
        assert create(vm, GICS[version].device, name="dev1") == Errno.EEXIST
    assert vm("KVM_CREATE_IRQCHIP", "vm0") == Errno.EEXIST


@pytest.mark.parametrize(
    ("gics", "errno"), [((), Errno.ENXIO), ((3,), Errno.ENODEV), ((5,), Errno.ENODEV), ((2,), 0)]
)
def test_create_irqchip_makes_a_gicv2(gics: tuple[int, ...], errno: int) -> None:
    vm = machine(*gics)
    assert vm("KVM_CREATE_IRQCHIP", "vm0") == errno
    if not errno:
        assert vm("KVM_CREATE_IRQCHIP", "vm0") == Errno.EEXIST
        assert create(vm, V2) == Errno.EEXIST


@pytest.mark.parametrize(
    ("since", "errno"), [("linux-5.10", Errno.EEXIST), ("linux-6.0", Errno.ENODEV)]
)
def test_without_gicv2_an_existing_vgic_counted_first(since: str, errno: int) -> None:
    vm = machine(3, since=since)
    assert create(vm, V3) == 0
    assert vm("KVM_CREATE_IRQCHIP", "vm0") == errno


def test_a_gicv2_comes_before_the_first_run_and_the_ninth_vcpu() -> None:
    vm = machine(3, 2)
    for number in range(9):
        assert vm("KVM_CREATE_VCPU", "vm0", f"vcpu{number}", id=number) == 0
    assert create(vm, V2) == vm("KVM_CREATE_IRQCHIP", "vm0") == Errno.E2BIG
    assert create(vm, V2, k.KVM_CREATE_DEVICE_TEST) == 0
    assert vm.init("vcpu0", 2) == 0
    assert vm.run(immediate_exit=True).errno == Errno.EINTR
    assert create(vm, V2) == vm("KVM_CREATE_IRQCHIP", "vm0") == Errno.EBUSY


@pytest.mark.parametrize(
    ("gics", "most", "irqchip"), [((), 512, 0), ((2,), 8, 1), ((3, 2), 512, 1)]
)
def test_the_capabilities_say_it(gics: tuple[int, ...], most: int, irqchip: int) -> None:
    vm = machine(*gics)

    def value(cap: str, on: str = "kvm") -> int:
        return vm.outcome("KVM_CHECK_EXTENSION", on, cap=cap).ret

    assert value("KVM_CAP_MAX_VCPUS") == value("KVM_CAP_MAX_VCPU_ID", "vm0") == most
    assert value("KVM_CAP_IRQCHIP") == irqchip
    assert value("KVM_CAP_ARM_VM_IPA_SIZE") == 44
    if 3 in gics:
        assert create(vm, V2) == 0
        assert value("KVM_CAP_MAX_VCPUS", "vm0") == 8
        assert value("KVM_CAP_MAX_VCPUS") == 512
