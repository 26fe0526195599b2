"""Requests to a lab VM besides those of the specs: take files, run a command.

Not for: the terminal (`terminal`), or ioctls (`targets`).
"""

from __future__ import annotations

import binascii
import time
from collections.abc import Callable, Sequence
from typing import Any

from ..failure import LabFailure
from .machine import ANSWER_SECONDS, Machine
from .parcel import Parcel

# Practically no limit, and small enough for select(2).
FOREVER = 1e9

Sink = Callable[[bytes], object]


class TimedOut(Exception):
    """A command did not end in time."""


def hand_over(machine: Machine, parcel: Parcel) -> None:
    """Make the agent take the files that the machine was started with.

    Raises `LabFailure` if it can't, for lack of space.
    """
    machine.send(parcel.request())
    answer = _message(machine, machine.receive(ANSWER_SECONDS))
    if "refused" in answer:
        raise LabFailure(f"files cannot be copied into the lab VM: {answer['refused']}")
    machine.check(answer == {"ok": {}}, f"the agent answered {answer!r} to files")


def run(
    machine: Machine,
    argv: Sequence[str],
    cpus: Sequence[int],
    seconds: float,
    out: Sink,
    err: Sink,
) -> int:
    """Run the command on ``cpus`` (empty: on all); its exit status as a shell reports it.

    ``out`` and ``err`` get its output as it arrives; ``err`` also why it could not be started.
    Raises `TimedOut` if it does not end in time.
    """
    deadline = time.monotonic() + seconds
    machine.send({"op": "run", "argv": list(argv), "cpus": list(cpus)})
    while True:
        try:
            left = max(0.0, deadline - time.monotonic())
            answer = _message(machine, machine.receive(left, wall=True))
        except LabFailure as failure:
            if time.monotonic() >= deadline:
                raise TimedOut from failure
            raise
        if "out" in answer:
            out(binascii.a2b_base64(answer["out"]))
        elif "err" in answer:
            err(binascii.a2b_base64(answer["err"]))
        else:
            machine.check("exit" in answer, f"the agent answered {answer!r} to a command")
            if "why" in answer:
                err(f"kvmpmu: {answer['why']}\n".encode())
            return int(answer["exit"])


def _message(machine: Machine, answer: Any) -> dict[str, Any]:
    machine.check(isinstance(answer, dict), f"the agent answered {answer!r}")
    return dict(answer)
