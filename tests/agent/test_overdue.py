"""A timer that is overdue when it starts, by io_uring: this machine's, or a fake one."""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
import struct
from pathlib import Path

import pytest

from pytest_kvmpmu.agent import overdue

SETUP, ENTER = 425, 426


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


class Kernel:
    """io_uring's two system calls: the ring is a file, and entries are recorded."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ring"
        self._file.write_bytes(bytes(8192))
        self.entered: tuple[int, ...] = ()
        self.tail = 0
        self.moment = (-1, -1)
        self.refuses = 0

    def syscall(self, *words: ctypes.c_long) -> int:
        number, *args = (word.value for word in words)
        if number == self.refuses:
            ctypes.set_errno(errno.EPERM)
            return -1
        return self._setup(*args) if number == SETUP else self._enter(*args)

    def _setup(self, entries: int, where: int) -> int:
        params = overdue._Params.from_address(where)
        assert (entries, ctypes.sizeof(params)) == (1, 120)
        params.sq_entries, params.sq_off.tail, params.sq_off.array = 1, 64, 128
        return os.open(self._file, os.O_RDWR)

    def _enter(self, ring: int, *args: int) -> int:
        assert args == (1, 1, 1, 0, 0)  # one in, wait for one, no signals
        content = os.pread(ring, 8192, 0)
        self.tail, place = struct.unpack_from("<I", content, 64)[0], content[128:132]
        assert place == bytes(4)
        self.entered = struct.unpack_from("<BBHiQQII", content, 4096)
        self.moment = struct.unpack("<qq", ctypes.string_at(self.entered[5], 16))
        return 1


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel(tmp_path)
    monkeypatch.setattr(overdue, "_libc", made)
    monkeypatch.setattr(overdue, "_IORING_OFF_SQES", mmap.PAGESIZE)
    return made


def test_it_asks_for_a_moment_that_is_past_and_waits_for_it(kernel: Kernel) -> None:
    before = descriptors()
    overdue.overdue_timer()
    timeout, absolute, no_file = 11, 1, -1
    assert kernel.entered[:5] == (timeout, 0, 0, no_file, 0)
    assert kernel.entered[6:] == (1, absolute)
    assert (kernel.tail, kernel.moment) == (1, (0, 1))
    assert descriptors() == before


@pytest.mark.parametrize("number", [SETUP, ENTER])
def test_a_refusal_is_told_and_leaves_nothing_open(kernel: Kernel, number: int) -> None:
    kernel.refuses = number
    before = descriptors()
    with pytest.raises(PermissionError):
        overdue.overdue_timer()
    assert descriptors() == before


def test_this_machines_kernel_is_done_with_it_or_has_no_io_uring() -> None:
    # If the timer does not fire, this does not return.
    refused: int | None = 0
    try:
        overdue.overdue_timer()
    except OSError as error:
        refused = error.errno
    assert refused in (0, errno.ENOSYS, errno.EPERM)
