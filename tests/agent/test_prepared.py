"""A world's calls, as the kernel gets them (on a fake kernel)."""

from __future__ import annotations

import ctypes
import os
import struct
from typing import Any

import pytest

from pytest_kvmpmu.agent import payload
from pytest_kvmpmu.agent.lane import CannotIssue
from pytest_kvmpmu.agent.world import World
from pytest_kvmpmu.support.resources import fixtures_dir
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import Outcome
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

from .fake_kernel import FakeKernel, issue, readable, with_vcpu


def test_a_plain_ioctl_gets_its_number_and_gives_its_value(here: World, kernel: FakeKernel) -> None:
    kernel.answers["KVM_CHECK_EXTENSION"] = lambda arg: (arg + 1, 0)
    assert issue(here, "KVM_CHECK_EXTENSION", "kvm", cap=126) == Outcome(127)
    assert kernel.asked == [("KVM_CHECK_EXTENSION", kernel.fds[0], 126)]


def test_a_refusal_is_minus_one_with_its_errno(here: World, kernel: FakeKernel) -> None:
    kernel.answers["KVM_CREATE_VM"] = lambda _: (-1, Errno.EINVAL)
    assert issue(here, "KVM_CREATE_VM", "kvm", "vm0") == Outcome(-1, Errno.EINVAL)


def test_the_thread_moves_to_a_calls_cpu_only_when_it_is_another(
    here: World, kernel: FakeKernel
) -> None:
    for cpu in (0, 0, 3, 0):
        issue(here, "KVM_GET_API_VERSION", "kvm", cpu=cpu)
    assert kernel.affinity == [{0}, {3}, {0}]


def test_a_cpu_that_is_not_there_is_named(
    here: World, kernel: FakeKernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(pid: int, cpus: set[int]) -> None:
        raise OSError(Errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(os, "sched_setaffinity", refuse)
    with pytest.raises(CannotIssue, match="CPU 77 cannot be used here: Invalid argument"):
        issue(here, "KVM_GET_API_VERSION", "kvm", cpu=77)
    assert kernel.asked == []


def test_objects_are_addressed_by_their_own_descriptor(here: World, kernel: FakeKernel) -> None:
    with_vcpu(here)
    issue(here, "KVM_RUN", "vcpu0")
    assert [(name, kernel.fds.index(fd)) for name, fd, _ in kernel.asked] == [
        ("KVM_CREATE_VM", 0),
        ("KVM_CREATE_VCPU", 1),
        ("KVM_RUN", 2),
    ]


@pytest.mark.parametrize(
    ("call", "on", "args"),
    [
        ("KVM_RUN", "vcpu0", {}),
        ("KVM_ARM_PREFERRED_TARGET", "vm0", {}),
        ("KVM_SET_DEVICE_ATTR", "dev0", {"group": 0, "attr": 0}),
    ],
)
def test_an_object_that_was_not_made_is_no_descriptor(
    call: str, on: str, args: dict[str, Any], here: World, kernel: FakeKernel
) -> None:
    if call != "KVM_RUN":  # KVM_RUN needs a struct kvm_run
        kernel.answers[call] = lambda _: (-1, Errno.EBADF)
    assert issue(here, call, on, **args) == Outcome(-1, Errno.EBADF)
    assert [fd for _, fd, _ in kernel.asked] == ([] if call == "KVM_RUN" else [-1])


def test_a_vcpu_whose_creation_failed_can_not_be_run(here: World, kernel: FakeKernel) -> None:
    issue(here, "KVM_CREATE_VM", "kvm", "vm0")
    kernel.answers["KVM_CREATE_VCPU"] = lambda _: (-1, Errno.EEXIST)
    assert issue(here, "KVM_CREATE_VCPU", "vm0", "vcpu0", id=0) == Outcome(-1, Errno.EEXIST)
    assert issue(here, "KVM_RUN", "vcpu0") == Outcome(-1, Errno.EBADF)


# Device attributes.


def test_an_attribute_is_a_struct_with_a_pointer(here: World, kernel: FakeKernel) -> None:
    seen: list[tuple[Any, ...]] = []

    def answer(arg: int) -> tuple[int, int]:
        flags, group, attr, addr = struct.unpack("<IIQQ", ctypes.string_at(arg, 24))
        seen.append((flags, group, attr, ctypes.string_at(addr, 8)))
        return 0, 0

    kernel.answers["KVM_SET_DEVICE_ATTR"] = answer
    addr = Addr("kvm_pmu_event_filter", (0x11, 2, 1))
    with_vcpu(here)
    assert issue(
        here, "KVM_SET_DEVICE_ATTR", "vcpu0", group=7, attr=2**63, flags=9, addr=addr
    ) == Outcome(0)
    assert seen == [(9, 7, 2**63, struct.pack("<HHB3x", 0x11, 2, 1))]


@pytest.mark.parametrize("addr", [FAULT, NULL], ids=["fault", "null"])
def test_a_bad_addr_can_not_be_read(addr: Addr, here: World, kernel: FakeKernel) -> None:
    with_vcpu(here)
    issue(here, "KVM_SET_DEVICE_ATTR", "vcpu0", group=0, attr=3, addr=addr)
    (pointer,) = struct.unpack_from("<Q", kernel.last(), 16)
    assert (pointer == 0) == (addr == NULL)
    assert not readable(pointer)


@pytest.mark.parametrize(
    ("call", "on", "args"),
    [
        ("KVM_SET_DEVICE_ATTR", "vcpu0", {"group": 0, "attr": 3}),
        ("KVM_ARM_VCPU_INIT", "vcpu0", {"target": 5, "features": []}),
        ("KVM_ARM_PREFERRED_TARGET", "vm0", {}),
    ],
)
def test_a_bad_struct_can_not_be_read(
    call: str, on: str, args: dict[str, Any], here: World, kernel: FakeKernel
) -> None:
    def answer(arg: int) -> tuple[int, int]:
        return (-1, Errno.EIO) if readable(arg) else (-1, Errno.EFAULT)

    with_vcpu(here)
    kernel.answers[call] = answer
    assert issue(here, call, on, **args) == Outcome(-1, Errno.EIO)
    assert issue(here, call, on, argp="fault", **args) == Outcome(-1, Errno.EFAULT)


@pytest.mark.parametrize(
    ("addr", "written", "value"),
    [
        (Addr("int", (0,)), b"\xff\xff\xff\xff", -1),
        (Addr("u64", (0,)), bytes(7) + b"\x01", 1 << 56),
    ],
)
def test_get_gives_what_the_kernel_wrote(
    addr: Addr, written: bytes, value: int, here: World, kernel: FakeKernel
) -> None:
    def answer(arg: int) -> tuple[int, int]:
        (pointer,) = struct.unpack_from("<Q", ctypes.string_at(arg, 24), 16)
        ctypes.memmove(pointer, written, len(written))
        return 0, 0

    with_vcpu(here)
    kernel.answers["KVM_GET_DEVICE_ATTR"] = answer
    outcome = issue(here, "KVM_GET_DEVICE_ATTR", "vcpu0", group=0, attr=0, addr=addr)
    assert outcome == Outcome(0, out={"value": value})


def test_a_refused_get_gives_no_value(here: World, kernel: FakeKernel) -> None:
    with_vcpu(here)
    kernel.answers["KVM_GET_DEVICE_ATTR"] = lambda _: (-1, Errno.ENXIO)
    addr = Addr("int", (0,))
    assert issue(here, "KVM_GET_DEVICE_ATTR", "vcpu0", group=0, attr=0, addr=addr) == Outcome(
        -1, Errno.ENXIO
    )


def test_a_register_is_a_struct_with_a_pointer(here: World, kernel: FakeKernel) -> None:
    seen: list[tuple[int, bytes]] = []

    def answer(arg: int) -> tuple[int, int]:
        number, pointer = struct.unpack("<QQ", ctypes.string_at(arg, 16))
        seen.append((number, ctypes.string_at(pointer, 8)))
        ctypes.memmove(pointer, b"\x07", 1)
        return 0, 0

    with_vcpu(here)
    kernel.answers |= {"KVM_GET_ONE_REG": answer, "KVM_SET_ONE_REG": answer}
    assert issue(here, "KVM_SET_ONE_REG", "vcpu0", id=5, addr=Addr("u64", (6,))) == Outcome(0)
    assert issue(here, "KVM_GET_ONE_REG", "vcpu0", id=9) == Outcome(0, out={"value": 7})
    assert seen == [(5, b"\x06" + bytes(7)), (9, bytes(8))]


# Structures of their own.


def test_features_are_bits_in_seven_words(here: World, kernel: FakeKernel) -> None:
    with_vcpu(here)
    issue(here, "KVM_ARM_VCPU_INIT", "vcpu0", target=5, features=[0, 3, 31, 32, 223])
    assert struct.unpack("<I7I", kernel.last()) == (5, 1 << 31 | 9, 1, 0, 0, 0, 0, 1 << 31)


def test_the_preferred_target_comes_with_its_features(here: World, kernel: FakeKernel) -> None:
    def answer(arg: int) -> tuple[int, int]:
        ctypes.memmove(arg, struct.pack("<I7I", 5, 9, 1, 0, 0, 0, 0, 0), 32)
        return 0, 0

    with_vcpu(here)
    kernel.answers["KVM_ARM_PREFERRED_TARGET"] = answer
    assert issue(here, "KVM_ARM_PREFERRED_TARGET", "vm0") == Outcome(
        0, out={"target": 5, "features": [0, 3, 32]}
    )


@pytest.mark.parametrize("flags", [0, 1], ids=["make", "test"])
def test_a_device_is_there_once_it_is_made(flags: int, here: World, kernel: FakeKernel) -> None:
    made: list[int] = []

    def answer(arg: int) -> tuple[int, int]:
        assert struct.unpack("<III", ctypes.string_at(arg, 12)) == (7, 0, flags)
        if not flags:
            made.append(kernel.fd())
            ctypes.memmove(arg + 4, struct.pack("<I", made[0]), 4)
        return 0, 0

    with_vcpu(here)
    kernel.answers["KVM_CREATE_DEVICE"] = answer
    assert issue(here, "KVM_CREATE_DEVICE", "vm0", "dev0", type=7, flags=flags) == Outcome(0)
    issue(here, "KVM_HAS_DEVICE_ATTR", "dev0", group=0, attr=0)
    assert kernel.asked[-1][1] == (made[0] if made else -1)


@pytest.mark.parametrize("size", [0x10000, 0], ids=["64K", "none"])
@pytest.mark.parametrize("name", ["cycle-counter", None])
def test_memory_has_the_payload_at_its_start(
    name: str | None, size: int, here: World, kernel: FakeKernel
) -> None:
    with_vcpu(here)
    issue(
        here, "KVM_SET_USER_MEMORY_REGION", "vm0", slot=2, guest_phys_addr=0x1000,
        memory_size=size, payload=name,
    )  # fmt: skip
    slot, flags, gpa, length, hva = struct.unpack("<IIQQQ", kernel.last())
    assert (slot, flags, gpa, length) == (2, 0, 0x1000, size)
    code = b"" if name is None else payload.image(fixtures_dir() / "payloads", name)
    assert ctypes.string_at(hva, 0x1000) == code + bytes(0x1000 - len(code))
