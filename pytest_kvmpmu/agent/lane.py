"""A thread of a world and the CPU that it is on.

A monitor runs each vCPU in a thread of its own, and KVM relies on it: the perf events of
a vCPU belong to its thread, pinned, and would keep another vCPU's there from counting.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from ..wire.outcome import Outcome
from .objects import Objects
from .prepared import Prepared
from .syscall import heed_alarm, ignored_alarm


class CannotIssue(Exception):
    """A call that can't even be made here; the message says why."""


def move(cpu: int) -> None:
    """Put this thread on ``cpu``."""
    try:
        os.sched_setaffinity(0, {cpu})
    except OSError as error:
        raise CannotIssue(f"CPU {cpu} cannot be used here: {error.strerror}") from error


class Lane:
    """The thread that made it."""

    def __init__(self) -> None:
        self._cpu: int | None = None

    def issue(self, call: Prepared, objects: Objects, seconds: float) -> Outcome:
        """Issue ``call`` from its CPU."""
        if call.cpu != self._cpu:
            move(call.cpu)
            self._cpu = call.cpu
        return call.issue(objects, seconds)

    def close(self) -> None:
        """The thread is someone else's."""


class OwnLane(Lane):
    """A thread of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = ThreadPoolExecutor(1, initializer=heed_alarm)

    def issue(self, call: Prepared, objects: Objects, seconds: float) -> Outcome:
        with ignored_alarm():  # it is for the thread that may sleep in the call
            return self._thread.submit(super().issue, call, objects, seconds).result()

    def close(self) -> None:
        """End the thread, and with it its events."""
        self._thread.shutdown()
