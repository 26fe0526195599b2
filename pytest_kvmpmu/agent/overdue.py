"""A timer whose time has passed when it starts.

From 7.x on a sleep, a timerfd or a POSIX timer does not start one: the kernel sees that the time
has passed, and returns.  A timeout of io_uring(7) still makes it program this CPU's timer.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct

_libc = ctypes.CDLL(None, use_errno=True)

# System calls that have the same number on each architecture.
_IO_URING_SETUP = 425
_IO_URING_ENTER = 426

_IORING_OFF_SQES = 0x10000000
_IORING_ENTER_GETEVENTS = 1
_IORING_OP_TIMEOUT = 11
_IORING_TIMEOUT_ABS = 1

# struct io_uring_sqe as far as the timeout needs it: opcode, flags, ioprio, fd, off, addr, len,
# timeout_flags.  It has 64 bytes.
_SQE = struct.Struct("<BBHiQQII")
_SQE_SIZE = 64
# struct __kernel_timespec of the first nanosecond after boot.
_LONG_AGO = struct.pack("<qq", 0, 1)


class _Offsets(ctypes.Structure):
    """struct io_sqring_offsets; io_cqring_offsets is as long."""

    _fields_ = [
        *((name, ctypes.c_uint32) for name in ("head", "tail", "ring_mask", "ring_entries")),
        *((name, ctypes.c_uint32) for name in ("flags", "dropped", "array", "resv1")),
        ("user_addr", ctypes.c_uint64),
    ]


class _Params(ctypes.Structure):
    """struct io_uring_params."""

    _fields_ = [
        ("sq_entries", ctypes.c_uint32),
        ("others", ctypes.c_uint32 * 9),
        ("sq_off", _Offsets),
        ("cq_off", _Offsets),
    ]


def overdue_timer() -> None:
    """Make the kernel program the timer of this thread's CPU, and wait for it.

    Raises OSError if io_uring is not available.
    """
    params = _Params()
    ring = _syscall(_IO_URING_SETUP, 1, ctypes.addressof(params))
    try:
        array, count = params.sq_off.array, params.sq_entries
        size = _SQE_SIZE * count
        moment = ctypes.create_string_buffer(_LONG_AGO)
        timeout = (_IORING_OP_TIMEOUT, 0, 0, -1, 0, ctypes.addressof(moment), 1)
        with mmap.mmap(ring, size, offset=_IORING_OFF_SQES) as entries:
            _SQE.pack_into(entries, 0, *timeout, _IORING_TIMEOUT_ABS)
        with mmap.mmap(ring, array + 4 * count) as queue:
            struct.pack_into("<I", queue, array, 0)
            struct.pack_into("<I", queue, params.sq_off.tail, 1)
        _syscall(_IO_URING_ENTER, ring, 1, 1, _IORING_ENTER_GETEVENTS, 0, 0)
    finally:
        os.close(ring)


def _syscall(*words: int) -> int:
    result: int = _libc.syscall(*map(ctypes.c_long, words))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
