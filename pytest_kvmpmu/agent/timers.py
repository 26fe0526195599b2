"""The timers of a host that was resumed from a snapshot.

QEMU's snapshots (7.2 to 11.1) have the timers of EL1 but not those of EL2, which a kernel in VHE
mode uses.  After the resume such a timer does not fire, and the kernel, which waits for it, does
not program it again: threads that sleep on that CPU do not wake up.

When the time of day is set, the kernel makes each other CPU program its timer, if that CPU has a
timer for a time of day that has now passed (kernel/time/hrtimer.c, clock_was_set).  With a single
CPU an overdue timer does it (`overdue`): it is due before every timer that is waited for.
"""

from __future__ import annotations

import ctypes
import os
import time
from pathlib import Path
from typing import Sequence

from .overdue import overdue_timer

# TIMER_ABSTIME and TFD_TIMER_ABSTIME.
_ABSTIME = 1
_HOUR = 3600
# The interrupts of EL2's physical and virtual timer: PPI 10 and 12 in Arm's Base System
# Architecture.  With a newer QEMU the kernel uses the second.
_EL2_TIMERS = frozenset({"26", "28"})
_INTERRUPTS = Path("/proc/interrupts")


class _Timespec(ctypes.Structure):
    _fields_ = [("tv_sec", ctypes.c_long), ("tv_nsec", ctypes.c_long)]


class _Itimerspec(ctypes.Structure):
    _fields_ = [("it_interval", _Timespec), ("it_value", _Timespec)]


def run_on_el2(interrupts: Path = _INTERRUPTS) -> bool:
    """Whether this kernel uses the timers of EL2; False if that can't be read."""
    try:
        text = interrupts.read_text()
    except OSError:
        return False
    lines = (line.split() for line in text.splitlines())
    return any(words[-1:] == ["arch_timer"] and _EL2_TIMERS & {*words[-3:]} for words in lines)


def set_going(cpus: Sequence[int]) -> None:
    """Make each of ``cpus`` program its timer; leaves this thread on the first.

    The time of day is wrong for a moment.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if len(cpus) == 1:
        try:
            overdue_timer()
        except OSError:  # no io_uring; before 7.x such a sleep does it too
            long_ago = _Timespec(0, 1)
            libc.clock_nanosleep(time.CLOCK_MONOTONIC, _ABSTIME, ctypes.byref(long_ago), None)
        return
    ahead = time.time() - time.monotonic()
    for here in reversed(cpus[:2]):
        alarms = [_alarm(libc, cpu) for cpu in cpus]
        os.sched_setaffinity(0, {here})
        time.clock_settime(time.CLOCK_REALTIME, time.time() + 2 * _HOUR)
        for alarm in alarms:
            os.close(alarm)
    time.clock_settime(time.CLOCK_REALTIME, time.monotonic() + ahead)


def _alarm(libc: ctypes.CDLL, cpu: int) -> int:
    """A file that becomes readable one hour of the time of day from now, by ``cpu``'s timer."""
    os.sched_setaffinity(0, {cpu})
    alarm: int = libc.timerfd_create(time.CLOCK_REALTIME, 0)
    spec = _Itimerspec(_Timespec(), _Timespec(int(time.time()) + _HOUR, 0))
    if alarm < 0 or libc.timerfd_settime(alarm, _ABSTIME, ctypes.byref(spec), None) < 0:
        raise OSError(ctypes.get_errno(), "a timer for the time of day cannot be created")
    return alarm
