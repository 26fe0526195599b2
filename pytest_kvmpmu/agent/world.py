"""One world: the objects that a sequence of Calls makes, and the Calls' execution.

A world lives in a thread of its own, since KVM makes perf events for the thread that
runs a vCPU, and events that are left over would keep the next VM's from counting.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Sequence

from ..uapi import ioctl as req
from ..wire.call import Call
from ..wire.outcome import Outcome
from . import syscall
from .prepared import Prepared, prepare
from .race import Runner, at_once
from .vcpu import Vcpu


class CannotIssue(Exception):
    """A call that can't even be made here; the message says why."""


class World:
    """Executes Calls, keeping the objects that they make by name.

    ``has_run`` says whether a KVM_RUN was issued: then the thread has events of its own.
    """

    def __init__(self, payloads: Path) -> None:
        self.payloads = payloads
        self.has_run = False
        self._cpu: int | None = None
        self._kvm = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
        self._fds: dict[str, int] = {"kvm": self._kvm}
        self._vcpus: dict[str, Vcpu] = {}
        self._memory: list[tuple[int, int]] = []
        self._run_size = 0

    def execute(self, call: Call, seconds: float) -> Outcome:
        """Issue ``call`` from its CPU; interrupt it after ``seconds``."""
        return self.issue(prepare(call), seconds)

    def issue(self, call: Prepared, seconds: float) -> Outcome:
        """As `execute`, for a call that was made ready."""
        if call.cpu != self._cpu:
            move(call.cpu)
            self._cpu = call.cpu
        return call.issue(self, seconds)

    def race(self, calls: Sequence[Call], seconds: float) -> list[Outcome]:
        """Issue all ``calls`` at once, each from a thread of its own; not KVM_RUN."""
        return at_once([self._runner(prepare(call), seconds) for call in calls])

    def _runner(self, call: Prepared, seconds: float) -> Runner:
        return lambda: move(call.cpu), lambda: call.issue(self, seconds)

    def fd(self, name: str) -> int:
        """The descriptor of an object, -1 where it was never made."""
        return self._fds.get(name, -1)

    def vcpu(self, name: str) -> Vcpu | None:
        """A vCPU that can be run; None where there is none."""
        self.has_run = True
        return self._vcpus.get(name)

    def adopt(self, name: str, fd: int) -> None:
        """Keep a new object, or that there is none (-1)."""
        self._fds[name] = fd
        if fd >= 0 and name.startswith("vcpu"):
            if not self._run_size:
                self._run_size, _ = syscall.ioctl(self._kvm, req.KVM_GET_VCPU_MMAP_SIZE, 0)
            self._vcpus[name] = Vcpu(fd, self._run_size)

    def memory(self, size: int) -> int:
        """The address of fresh memory that lasts as long as the world."""
        address = syscall.map_memory(size)
        self._memory.append((address, size))
        return address

    def close(self) -> None:
        """End the VMs: with the last descriptor and mapping of one, the kernel takes it down."""
        for vcpu in self._vcpus.values():
            vcpu.close()
        for fd in reversed(list(self._fds.values())):
            if fd >= 0:
                os.close(fd)
        for address, size in self._memory:
            syscall.unmap_memory(address, size)


def move(cpu: int) -> None:
    """Put this thread on ``cpu``."""
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError as error:
        raise CannotIssue(f"CPU {cpu} cannot be used here: {error.strerror}") from error
