"""The timers of a host that was resumed from a snapshot.

QEMU's snapshots (7.2 to 10.0) have the timers of EL1 and leave out those of EL2, on which a kernel
in VHE mode runs.  What such a timer was to do does not happen after the resume, and the kernel
programs none anew while it waits for that: whoever sleeps on that CPU sleeps on.  A sleep that was
due long ago comes before all that is waited for, so the kernel programs it at once.
"""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path
from typing import Iterable

_TIMER_ABSTIME = 1
# The interrupt of EL2's physical timer: PPI 10, as Arm's Base System Architecture has it.
_EL2_TIMER = "26"
_INTERRUPTS = Path("/proc/interrupts")


class _Timespec(ctypes.Structure):
    _fields_ = [("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long)]


def run_on_el2(interrupts: Path = _INTERRUPTS) -> bool:
    """Whether this kernel's timers are those of EL2; no, where that can't be read."""
    try:
        text = interrupts.read_text()
    except OSError:
        return False
    lines = (line.split() for line in text.splitlines())
    return any(words[-1:] == ["arch_timer"] and _EL2_TIMER in words[-3:] for words in lines)


def set_going(cpus: Iterable[int]) -> None:
    """Have each of ``cpus`` program its timer; leaves this thread on the last one.

    Takes some 10 ms for each, since all of them are woken.
    """
    sleep = ctypes.CDLL(None).clock_nanosleep
    long_ago = _Timespec(0, 1)
    for cpu in cpus:
        os.sched_setaffinity(0, {cpu})
        sleep(time.CLOCK_MONOTONIC, _TIMER_ABSTIME, ctypes.byref(long_ago), None)
