"""A thread of a world, and the CPU that it runs on.

A VMM runs each vCPU in its own thread, and KVM relies on it: the perf events of a vCPU
are pinned and belong to its thread, and would keep another vCPU's there from counting.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from ..wire.outcome import Outcome
from .objects import Objects
from .prepared import Prepared
from .syscall import alarm_blocked, unblock_alarm


class CannotIssue(Exception):
    """A call that cannot be issued here; the message says why."""


def move(cpu: int) -> None:
    """Put this thread on ``cpu``."""
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError as error:
        raise CannotIssue(f"CPU {cpu} cannot be used here: {error.strerror}") from error


class Lane:
    """The thread that created it."""

    def __init__(self) -> None:
        self._cpu: int | None = None

    def issue(self, call: Prepared, objects: Objects, seconds: float) -> Outcome:
        """Issue ``call`` from its CPU."""
        if call.cpu != self._cpu:
            move(call.cpu)
            self._cpu = call.cpu
        return call.issue(objects, seconds)

    def close(self) -> None:
        """Nothing to do: the thread belongs to the caller."""


class OwnLane(Lane):
    """A separate thread."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = ThreadPoolExecutor(1, initializer=unblock_alarm)

    def issue(self, call: Prepared, objects: Objects, seconds: float) -> Outcome:
        with alarm_blocked():  # SIGALRM is for the thread that may sleep in the call
            return self._thread.submit(super().issue, call, objects, seconds).result()

    def close(self) -> None:
        """End the thread, and with it its events."""
        self._thread.shutdown()
