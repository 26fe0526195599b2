"""The model's system and VM ioctls."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import Outcome

from .machine import (
    BARE,
    GAP,
    HOSTS,
    INIT,
    Machine,
    every_revision,
)


@every_revision
def test_the_api_version_is_12(wanted: Revision) -> None:
    assert Machine(wanted).outcome("KVM_GET_API_VERSION", "kvm") == Outcome(12)


def test_the_api_version_takes_no_argument() -> None:
    assert Machine()("KVM_GET_API_VERSION", "kvm", arg=1) == Errno.EINVAL


@every_revision
@pytest.mark.parametrize("on", ["kvm", "vm0"])
@pytest.mark.parametrize(
    ("host", "there"),
    [*((host, 1) for host in HOSTS), (GAP, 1), (BARE, 0)],
    ids=lambda value: value.name if isinstance(value, Host) else "",
)
def test_a_pmu_is_offered_where_the_host_has_one(
    host: Host, there: int, on: str, wanted: Revision
) -> None:
    machine = Machine(wanted, host).vm()
    assert machine.outcome("KVM_CHECK_EXTENSION", on, cap="KVM_CAP_ARM_PMU_V3") == Outcome(there)


@pytest.mark.parametrize("on", ["kvm", "vm0"])
@pytest.mark.parametrize(
    "cap", ["KVM_CAP_DEVICE_CTRL", "KVM_CAP_VCPU_ATTRIBUTES", "KVM_CAP_IMMEDIATE_EXIT"]
)
def test_attributes_and_immediate_exit_are_announced(cap: str, on: str) -> None:
    assert Machine().vm().outcome("KVM_CHECK_EXTENSION", on, cap=cap) == Outcome(1)


@pytest.mark.parametrize(
    ("bits", "errno"),
    [(0, 0), (32, 0), (44, 0), (31, Errno.EINVAL), (45, Errno.EINVAL), (1 << 8, Errno.EINVAL)],
)
def test_a_vms_type_is_its_ipa_size(bits: int, errno: int) -> None:
    machine = Machine()
    assert machine("KVM_CREATE_VM", "kvm", "vm0", type=bits) == errno
    assert ("vm0" in machine.state.objects) == (errno == 0)


@pytest.mark.parametrize(
    ("number", "errno"), [(0, 0), (511, 0), (512, Errno.EINVAL), (2**32 - 1, Errno.EINVAL)]
)
def test_a_vcpu_id_is_less_than_512(number: int, errno: int) -> None:
    machine = Machine().vm(0)
    assert machine("KVM_CREATE_VCPU", "vm0", "vcpu0", id=number) == errno
    assert ("vcpu0" in machine.state.objects) == (errno == 0)


def test_a_vcpu_id_is_taken_once_per_vm() -> None:
    machine = Machine().vm()
    assert machine("KVM_CREATE_VCPU", "vm0", "vcpu1", id=0) == Errno.EEXIST
    assert machine("KVM_CREATE_VM", "kvm", "vm1") == 0
    assert machine("KVM_CREATE_VCPU", "vm1", "vcpu1", id=0) == 0


@pytest.mark.parametrize(
    ("number", "errno"), [(512, Errno.EINVAL), (0, Errno.EBUSY), (1, Errno.EBUSY)]
)
def test_after_the_vgics_init_no_vcpu_can_be_added(number: int, errno: int) -> None:
    machine = Machine().vm().gic()
    assert machine("KVM_CREATE_VCPU", "vm0", "vcpu1", id=number) == errno


def test_before_the_vgics_init_a_vcpu_can_be_added() -> None:
    machine = Machine().vm().gic(initialise=False)
    assert machine("KVM_CREATE_VCPU", "vm0", "vcpu1", id=1) == 0


GICV3, GICV2, TEST = 7, 5, 1


@pytest.mark.parametrize(
    ("args", "errno"),
    [
        ({"type": 99, "argp": "fault"}, Errno.EFAULT),
        ({"type": 99, "flags": TEST}, Errno.ENODEV),
        ({"type": 0}, Errno.ENODEV),
        ({"type": GICV2}, Errno.ENODEV),
        ({"type": GICV3, "flags": TEST}, 0),
        ({"type": GICV3}, 0),
    ],
)
def test_a_vm_gets_a_gicv3_and_no_other_device(args: dict[str, object], errno: int) -> None:
    machine = Machine().vm()
    assert machine("KVM_CREATE_DEVICE", "vm0", "dev0", **args) == errno
    assert ("dev0" in machine.state.objects) == (args == {"type": GICV3})


@pytest.mark.parametrize(("flags", "errno"), [(TEST, 0), (0, Errno.EEXIST)])
def test_a_vm_has_one_interrupt_controller(flags: int, errno: int) -> None:
    machine = Machine().vm().gic(initialise=False)
    assert machine("KVM_CREATE_DEVICE", "vm0", "dev1", type=GICV3, flags=flags) == errno


def test_a_second_interrupt_controller_is_eexist_even_after_a_run() -> None:
    machine = Machine().standard().start()
    assert machine("KVM_CREATE_DEVICE", "vm0", "dev1", type=GICV3) == Errno.EEXIST


def test_after_a_run_no_interrupt_controller_can_be_added() -> None:
    machine = Machine().ready().start()
    assert machine("KVM_CREATE_DEVICE", "vm0", "dev0", type=GICV3) == Errno.EBUSY


def test_pmu_init_alone_keeps_no_interrupt_controller_out() -> None:
    machine = Machine().ready()
    assert machine.set(INIT) == 0
    assert machine("KVM_CREATE_DEVICE", "vm0", "dev0", type=GICV3) == 0


@every_revision
@pytest.mark.parametrize("on", ["vm0", "vcpu0", "dev0"])
def test_an_object_whose_creation_failed_is_ebadf(on: str, wanted: Revision) -> None:
    machine = Machine(wanted)
    calls: dict[str, dict[str, Any]] = {
        "vm0": {"ioctl": "KVM_ARM_PREFERRED_TARGET"},
        "vcpu0": {"ioctl": "KVM_RUN"},
        "dev0": {"ioctl": "KVM_SET_DEVICE_ATTR", "group": 4, "attr": 0},
    }
    args = calls[on]
    assert machine(str(args.pop("ioctl")), on, **args) == Errno.EBADF


def test_two_vms_know_nothing_of_each_other() -> None:
    machine = Machine().standard()
    assert machine("KVM_CREATE_VM", "kvm", "vm1") == 0
    assert machine("KVM_CREATE_VCPU", "vm1", "vcpu1", id=0) == 0
    machine.start()
    assert machine.init("vcpu1") == 0
    assert machine.set(3, on="vcpu1") == 0
    assert machine("KVM_CREATE_DEVICE", "vm1", "dev1", type=GICV3) == 0
