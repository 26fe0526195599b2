"""ioctl(2) through ctypes, bounded in time.

fcntl.ioctl would do for most calls, but it copies buffers (so a bad pointer can't be
passed) and always restarts after EINTR.
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


def unblock_alarm() -> None:
    """Let SIGALRM interrupt this thread, and only this one: its sleeping ioctl returns EINTR.

    The process's other threads must block the signal (`block_alarm`).
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})


def block_alarm() -> None:
    """Block SIGALRM in this thread and in those that it starts; the first thread calls this."""
    signal.signal(signal.SIGALRM, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})


@contextlib.contextmanager
def alarm_blocked() -> Iterator[None]:
    """Block SIGALRM in this thread for a while."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    try:
        yield
    finally:
        unblock_alarm()


def ioctl(fd: int, request: int, arg: int) -> tuple[int, int]:
    """The return value, and errno if that is -1 (else 0)."""
    ret = _ioctl(fd, request, arg)
    return ret, ctypes.get_errno() if ret < 0 else 0


def bounded_ioctl(seconds: float, fd: int, request: int, arg: int) -> tuple[int, int, bool]:
    """As `ioctl`, and whether it was interrupted after ``seconds``."""
    began = time.monotonic()
    signal.setitimer(signal.ITIMER_REAL, seconds, _AGAIN)
    try:
        ret, errno = ioctl(fd, request, arg)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
    return ret, errno, errno == Errno.EINTR and time.monotonic() - began >= seconds


def map_memory(size: int, protection: int = mmap.PROT_READ | mmap.PROT_WRITE) -> int:
    """The address of ``size`` bytes of zeroed memory; with protection 0 any access faults.

    mmap.mmap would do, but can't be closed while an address in it is known.
    """
    address = _libc.mmap(None, size, protection, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    if address == ctypes.c_void_p(-1).value:
        raise OSError(ctypes.get_errno(), f"mmap of {size} bytes")
    return int(address)


@functools.lru_cache(maxsize=None)
def unmapped() -> int:
    """An address at which any access faults, the same at every call."""
    return map_memory(mmap.PAGESIZE, 0)


def unmap_memory(address: int, size: int) -> None:
    """Unmap memory from `map_memory`."""
    _libc.munmap(address, size)


def die_with_parent() -> None:
    """Ask the kernel for SIGKILL when the parent has ended (Linux)."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
