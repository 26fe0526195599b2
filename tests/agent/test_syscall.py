"""ioctl through ctypes, bounded in time."""

from __future__ import annotations

import ctypes
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from pytest_kvmpmu.agent import syscall
from pytest_kvmpmu.support.resources import PACKAGE
from pytest_kvmpmu.uapi.errno import Errno

FIONREAD = 0x541B


@pytest.fixture
def alarm() -> Iterator[None]:
    """SIGALRM as in the agent, for this thread; restored afterwards."""
    handler = signal.getsignal(signal.SIGALRM)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    syscall.block_alarm()
    assert signal.SIGALRM in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    syscall.unblock_alarm()
    yield
    signal.signal(signal.SIGALRM, handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


@pytest.fixture
def sleeper(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ioctl that sleeps until a signal arrives."""
    libc = ctypes.CDLL(None, use_errno=True)
    monkeypatch.setattr(syscall, "_ioctl", lambda *_: libc.pause())


def test_an_ioctl_gives_its_value() -> None:
    read_end, write_end = os.pipe()
    try:
        os.write(write_end, b"abc")
        count = ctypes.c_int()
        assert syscall.ioctl(read_end, FIONREAD, ctypes.addressof(count)) == (0, 0)
        assert count.value == 3
    finally:
        os.close(read_end)
        os.close(write_end)


def test_a_refused_ioctl_gives_its_errno() -> None:
    assert syscall.ioctl(-1, FIONREAD, 0) == (-1, Errno.EBADF)


def test_a_call_that_sleeps_is_interrupted_in_time(alarm: None, sleeper: None) -> None:
    began = time.monotonic()
    assert syscall.bounded_ioctl(0.05, -1, 0, 0) == (-1, Errno.EINTR, True)
    assert 0.05 <= time.monotonic() - began < 5
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_another_signal_is_no_lateness(alarm: None, sleeper: None) -> None:
    previous = signal.signal(signal.SIGUSR1, lambda *_: None)
    pid = os.fork()
    if pid == 0:
        time.sleep(0.1)
        os.kill(os.getppid(), signal.SIGUSR1)
        os._exit(0)
    try:
        assert syscall.bounded_ioctl(20, -1, 0, 0) == (-1, Errno.EINTR, False)
    finally:
        os.waitpid(pid, 0)
        signal.signal(signal.SIGUSR1, previous)


def test_a_call_that_returns_in_time_leaves_no_timer(alarm: None) -> None:
    assert syscall.bounded_ioctl(20, -1, FIONREAD, 0) == (-1, Errno.EBADF, False)
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_memory_is_zeroed_and_can_be_written_and_given_back() -> None:
    address = syscall.map_memory(mmap.PAGESIZE)
    assert ctypes.string_at(address, mmap.PAGESIZE) == bytes(mmap.PAGESIZE)
    ctypes.memset(address, 1, mmap.PAGESIZE)
    syscall.unmap_memory(address, mmap.PAGESIZE)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.msync.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    assert libc.msync(address, mmap.PAGESIZE, 1) == -1
    assert ctypes.get_errno() == Errno.ENOMEM


def test_memory_that_none_can_touch_is_efault_to_an_ioctl() -> None:
    address = syscall.map_memory(mmap.PAGESIZE, 0)
    read_end, write_end = os.pipe()
    try:
        assert syscall.ioctl(read_end, FIONREAD, address) == (-1, Errno.EFAULT)
    finally:
        os.close(read_end)
        os.close(write_end)
        syscall.unmap_memory(address, mmap.PAGESIZE)


def test_memory_that_can_not_be_had_is_an_error_with_its_size() -> None:
    with pytest.raises(OSError, match=f"mmap of {2**60} bytes"):
        syscall.map_memory(2**60)


# A process that forks and ends; the child reports its number and sleeps.
ORPHANAGE = """
import os, sys, time
sys.path.insert(0, sys.argv[1])
from pytest_kvmpmu.agent import syscall
read_end, write_end = os.pipe()
if os.fork() == 0:
    syscall.die_with_parent()
    os.write(write_end, b"x")
    time.sleep(60)
os.read(read_end, 1)
"""


def test_a_child_ends_with_its_parent() -> None:
    # Standard output stays open as long as the child lives.
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-S", "-E", "-c", ORPHANAGE, PACKAGE.parent],
        check=True,
        capture_output=True,
        timeout=50,
    )
    assert time.monotonic() - began < 50
