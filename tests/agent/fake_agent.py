"""An agent whose worlds have no kernel: the number of a call's capability says what it does.

Run as a program, with the folder of the package in PYTHONPATH.
"""

from __future__ import annotations

import itertools
import os
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pytest_kvmpmu.agent import server, service, syscall
from pytest_kvmpmu.agent.describe import describe as _describe
from pytest_kvmpmu.agent.lane import CannotIssue
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome

DONE, CANNOT, BUG, CRASH, LEAVE, HANG, SLEEP, CLOSED, THREAD, SAY, RUN = range(11)


class World:
    """Stands in for agent.world.World."""

    closed = 0

    def __init__(self, payloads: Path) -> None:
        self.payloads = payloads
        self.has_run = False
        if not payloads.exists():
            raise FileNotFoundError(f"no {payloads}")

    def race(self, calls: Sequence[Call], seconds: float) -> list[Outcome]:
        return [self.issue(call, seconds) for call in reversed(calls)]

    def issue(self, call: Call, seconds: float) -> Outcome:
        what = call.args["cap"]
        if what == CANNOT:
            raise CannotIssue("CPU 77 cannot be used here")
        if what == BUG:
            raise RuntimeError("a bug in the agent")
        if what == CRASH:
            signal.raise_signal(signal.SIGSEGV)
        if what == LEAVE:
            os._exit(3)
        if what == HANG:
            while True:
                time.sleep(60)
        if what == SLEEP:
            ret, errno, late = syscall.bounded_ioctl(seconds, -1, 0, 0)
            return Outcome(ret, errno or None, timed_out=late)
        if what == SAY:
            os.write(1, b"[    1.0] kvm: a word of the kernel\n")
        self.has_run |= what == RUN
        values = {CLOSED: World.closed, THREAD: threading.get_native_id()}
        return Outcome(values.get(what, 0))

    def close(self) -> None:
        World.closed += 1


_LOOKS = itertools.count(1)


def describe() -> dict[str, Any]:
    """The real description, with the number of times that it was asked for."""
    return {**_describe(), "looks": next(_LOOKS)}


def ioctl(fd: int, request: int, arg: int) -> int:
    """Sleeps until a signal arrives if the descriptor is -1; else the real ioctl."""
    return int(syscall._libc.pause() if fd < 0 else syscall._libc.ioctl(fd, request, arg))


if __name__ == "__main__":
    vars(service)["World"] = World
    vars(service)["prepare"] = lambda call: call
    vars(service)["describe"] = describe
    vars(syscall)["_ioctl"] = ioctl
    server.main()
