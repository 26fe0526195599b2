"""Waiting for a process that others may keep from the CPU.

On a busy host a lab VM that is slow looks like one that hangs.  Linux reports how long each
thread was ready to run while others ran (/proc/PID/task/TID/schedstat, second field;
Documentation/scheduler/sched-stats.rst): that time does not count.  A thread that sleeps or
loops gains nothing.  Not for: limits that a user gave, which are wall time.
"""

from __future__ import annotations

import contextlib
import select
import time
from pathlib import Path

# Quick answers need no allowance: schedstat is read only after this many seconds.
_FIRST_LOOK = 1.0


class Deadline:
    """``seconds`` from now, in which the process ``pid`` can run; with None, wall time."""

    def __init__(self, seconds: float, pid: int | None = None) -> None:
        self.seconds = seconds
        self._pid = pid
        self._began = time.monotonic()
        self._before: dict[str, float] | None = None

    def readable(self, fd: int) -> bool:
        """Whether ``fd`` becomes readable before the time is over; waits until then."""
        while True:
            left = self._left()
            if select.select([fd], [], [], min(max(left, 0), _FIRST_LOOK))[0]:
                return True
            if left <= _FIRST_LOOK and self._left() <= 0:
                return False
            if self._before is None and self._pid is not None:
                self._before = waits(self._pid)

    def _left(self) -> float:
        return self._began + self.seconds + self._kept_waiting() - time.monotonic()

    def _kept_waiting(self) -> float:
        if self._before is None or self._pid is None:
            return 0.0
        now = waits(self._pid)
        return max((now[task] - self._before.get(task, 0.0) for task in now), default=0.0)


def waits(pid: int) -> dict[str, float]:
    """Seconds that each thread of ``pid`` was ready but did not run; empty if not available."""
    found = {}
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):  # the thread has ended
            found[path.parent.name] = int(path.read_text().split()[1]) / 1e9
    return found
