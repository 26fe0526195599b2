"""ioctl(2) through ctypes, bounded in time.

fcntl.ioctl would do for most calls, but hides what is needed here: it copies
buffers (so a bad pointer can't be passed) and gives no say in what EINTR does.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import mmap
import signal
import time
from typing import Iterator

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
_libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)

PR_SET_PDEATHSIG = 1
# A signal that comes just before the call sleeps is lost: keep sending.
_AGAIN = 0.1


def heed_alarm() -> None:
    """Let SIGALRM interrupt this thread, and only this one: its sleeping ioctl says EINTR.

    The process's other threads have to block the signal (`ignore_alarm`).
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})


def ignore_alarm() -> None:
    """Keep SIGALRM from this thread and the ones that it starts; to be called by the first."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})


@contextlib.contextmanager
def ignored_alarm() -> Iterator[None]:
    """Leave SIGALRM to another thread for a while."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    try:
        yield
    finally:
        heed_alarm()


def ioctl(fd: int, request: int, arg: int) -> tuple[int, int]:
    """The return value and, where it is -1, errno (else 0)."""
    ret = _ioctl(fd, request, arg)
    return ret, ctypes.get_errno() if ret < 0 else 0


def bounded_ioctl(seconds: float, fd: int, request: int, arg: int) -> tuple[int, int, bool]:
    """As `ioctl`, and whether it had to be interrupted after ``seconds``."""
    began = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        ret, errno = ioctl(fd, request, arg)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ret, errno, errno == Errno.EINTR and time.monotonic() - began >= seconds


def map_memory(size: int, protection: int = mmap.PROT_READ | mmap.PROT_WRITE) -> int:
    """The address of ``size`` bytes of zeroed memory; with protection 0 none can touch it.

    mmap.mmap would do, but can't be closed while an address in it is known.
    """
    address = _libc.mmap(None, size, protection, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), f"mmap of {size} bytes")
    return int(address)


@functools.lru_cache(maxsize=None)
def unmapped() -> int:
    """An address that none can touch, the same at every call."""
    return map_memory(mmap.PAGESIZE, 0)


def unmap_memory(address: int, size: int) -> None:
    """Give memory of `map_memory` back."""
    _libc.munmap(address, size)


def die_with_parent() -> None:
    """Ask the kernel for SIGKILL when the parent is gone (Linux)."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
