"""One world: the objects that a sequence of Calls makes, and the Calls' execution.

A world that runs guests lives in a thread of its own, since events of a vCPU that are
left over in its thread would keep the next world's from counting.  The first vCPU that
runs does so in that thread, each further one in one of its own.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Sequence

from ..uapi import ioctl as req
from ..wire.call import Call
from ..wire.outcome import Outcome
from . import syscall
from .lane import Lane, OwnLane, move
from .prepared import Prepared, prepare
from .race import Runner, at_once
from .vcpu import Vcpu


class World:
    """Executes Calls, keeping the objects that they make by name."""

    def __init__(self, payloads: Path) -> None:
        self.payloads = payloads
        self._lane = Lane()
        self._lanes: dict[str, Lane] = {}
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
        lane = self._lane_of(call.on) if call.runs else self._lane
        return lane.issue(call, self, seconds)

    def _lane_of(self, vcpu: str) -> Lane:
        if vcpu not in self._lanes:
            self._lanes[vcpu] = OwnLane() if self._lanes else self._lane
        return self._lanes[vcpu]

    def race(self, calls: Sequence[Call], seconds: float) -> list[Outcome]:
        """Issue all ``calls`` at once, each from a thread of its own; not KVM_RUN."""
        return at_once([self._runner(prepare(call), seconds) for call in calls])

    def _runner(self, call: Prepared, seconds: float) -> Runner:
        return lambda: move(call.cpu), lambda: call.issue(self, seconds)

    @property
    def has_run(self) -> bool:
        """Whether a KVM_RUN was issued: then this thread has events that last."""
        return bool(self._lanes)

    def fd(self, name: str) -> int:
        """The descriptor of an object, -1 where it was never made."""
        return self._fds.get(name, -1)

    def vcpu(self, name: str) -> Vcpu | None:
        """A vCPU that can be run; None where there is none."""
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
        """End the threads and the VMs.

        With the last descriptor and mapping of a VM, the kernel takes it down.
        """
        for lane in self._lanes.values():
            lane.close()
        for vcpu in self._vcpus.values():
            vcpu.close()
        for fd in reversed(list(self._fds.values())):
            if fd >= 0:
                os.close(fd)
        for address, size in self._memory:
            syscall.unmap_memory(address, size)
