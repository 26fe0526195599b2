"""ioctl(2) through ctypes, bounded in time.

fcntl.ioctl would do for most calls, but hides what is needed here: it copies
buffers (so a bad pointer can't be passed) and gives no say in what EINTR does.
"""

from __future__ import annotations

import ctypes
import mmap
import signal
from typing import Any, Tuple

from ..uapi.errno import Errno

_libc = ctypes.CDLL(None, use_errno=True)
_ioctl = _libc.ioctl
_ioctl.argtypes = (ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p)
_ioctl.restype = ctypes.c_int

_libc.mmap.argtypes = (
    ctypes.c_void_p,
    ctypes.c_size_t,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_int,
    ctypes.c_long,
)
_libc.mmap.restype = ctypes.c_void_p

PR_SET_PDEATHSIG = 1
# A signal that comes just before the call sleeps is lost: keep sending.
_AGAIN = 0.1


class Alarm:
    """SIGALRM that makes a sleeping ioctl return EINTR."""

    def __init__(self) -> None:
        self.fired = False
        signal.signal(signal.SIGALRM, self._fire)

    def _fire(self, number: int, frame: Any) -> None:
        self.fired = True

    def start(self, seconds: float) -> None:
        self.fired = False
        signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)

    def stop(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)


def ioctl(fd: int, request: int, arg: int) -> Tuple[int, int]:
    """The return value and, where it is -1, errno (else 0)."""
    ret = _ioctl(fd, request, arg)
    return ret, ctypes.get_errno() if ret < 0 else 0


def bounded_ioctl(
    alarm: Alarm, seconds: float, fd: int, request: int, arg: int
) -> Tuple[int, int, bool]:
    """As `ioctl`, and whether it had to be interrupted after ``seconds``."""
    alarm.start(seconds)
    try:
        ret, errno = ioctl(fd, request, arg)
    finally:
        alarm.stop()
    return ret, errno, alarm.fired and errno == Errno.EINTR


def unmapped_page() -> int:
    """The address of a page that can be neither read nor written, for good."""
    address = _libc.mmap(None, mmap.PAGESIZE, 0, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    return int(address)


def die_with_parent() -> None:
    """Ask the kernel for SIGKILL when the parent is gone (Linux)."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
