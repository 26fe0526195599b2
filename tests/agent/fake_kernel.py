"""A /dev/kvm made of memory files: it records what the agent asks, and gives set answers."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any

from pytest_kvmpmu.agent.world import World
from pytest_kvmpmu.uapi.ioctl import REQUESTS
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome

NAMES = {number: name for name, number in REQUESTS.items()}
# The size of what the argument points to, for ioctls that take a pointer.
SIZES = {name: number >> 16 & 0x3FFF for name, number in REQUESTS.items()}
RUN_SIZE = 4096

# An ioctl's value and errno, from its argument.
Answer = Callable[[int], tuple[int, int]]


class FakeKernel:
    """Stands in for the three system calls through which a World reaches its kernel."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, int, bytes | int]] = []
        self.answers: dict[str, Answer] = {}
        self.late = False
        self.fds: list[int] = []
        self.affinity: list[set[int]] = []

    def fd(self) -> int:
        """A new descriptor that can be mapped."""
        self.fds.append(os.memfd_create("fake", os.MFD_CLOEXEC))
        os.truncate(self.fds[-1], RUN_SIZE)
        return self.fds[-1]

    def ioctl(self, fd: int, request: int, arg: int) -> tuple[int, int]:
        name = NAMES[request]
        if name == "KVM_GET_VCPU_MMAP_SIZE":
            return RUN_SIZE, 0
        size = SIZES[name]
        seen: bytes | int = arg
        if size and name not in self.answers:
            seen = ctypes.string_at(arg, size)
        self.asked.append((name, fd, seen))
        if name in self.answers:
            return self.answers[name](arg)
        return (self.fd(), 0) if name in ("KVM_CREATE_VM", "KVM_CREATE_VCPU") else (0, 0)

    def bounded_ioctl(
        self, _seconds: float, fd: int, request: int, arg: int
    ) -> tuple[int, int, bool]:
        return (*self.ioctl(fd, request, arg), self.late)

    def sched_setaffinity(self, _pid: int, cpus: set[int]) -> None:
        self.affinity.append(cpus)

    def last(self) -> Any:
        """The argument of the last ioctl: the bytes it pointed to, or a number."""
        return self.asked[-1][2]


def issue(
    world: World, ioctl: str, on: str, new: str | None = None, cpu: int = 0, **args: Any
) -> Outcome:
    """Have a world execute one call."""
    return world.execute(Call.make(ioctl, on, cpu, new, **args), 1.0)


def with_vcpu(world: World) -> World:
    """The world with ``vm0`` and ``vcpu0``."""
    assert issue(world, "KVM_CREATE_VM", "kvm", "vm0") == Outcome(0)
    assert issue(world, "KVM_CREATE_VCPU", "vm0", "vcpu0", id=0) == Outcome(0)
    return world


def readable(address: int) -> bool:
    """Whether a system call can read a byte there."""
    read_end, write_end = os.pipe()
    try:
        libc = ctypes.CDLL(None)
        return bool(libc.write(write_end, ctypes.c_void_p(address), 1) == 1)
    finally:
        os.close(read_end)
        os.close(write_end)
