"""A process that others keep from the CPU gets more time; a process that hangs does not."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from pytest_kvmpmu.support import deadline
from pytest_kvmpmu.support.deadline import Deadline, waits

needs_schedstat = pytest.mark.skipif(
    not waits(os.getpid()), reason="this system does not report how long a thread waited"
)


@pytest.fixture
def silent() -> Iterator[int]:
    """A descriptor that is never readable."""
    read_fd, write_fd = os.pipe()
    yield read_fd
    os.close(read_fd)
    os.close(write_fd)


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look is after 10 ms."""
    monkeypatch.setattr(deadline, "_FIRST_LOOK", 0.01)


def seconds_until_given_up(fd: int, seconds: float, pid: int | None) -> float:
    began = time.monotonic()
    assert not Deadline(seconds, pid).readable(fd)
    return time.monotonic() - began


def test_what_there_is_to_read_is_read_even_when_the_time_is_over() -> None:
    read_fd, write_fd = os.pipe()
    os.write(write_fd, b"x")
    assert Deadline(0).readable(read_fd)
    os.close(read_fd)
    os.close(write_fd)


def test_who_has_no_process_gets_the_seconds_that_were_given(silent: int, soon: None) -> None:
    assert 0.05 <= seconds_until_given_up(silent, 0.05, None) < 2


@needs_schedstat
def test_a_process_that_sleeps_gains_nothing(silent: int, soon: None) -> None:
    with subprocess.Popen(["sleep", "100"]) as child:
        try:
            assert 0.05 <= seconds_until_given_up(silent, 0.05, child.pid) < 2
        finally:
            child.kill()


def test_the_time_that_others_ran_does_not_count(
    silent: int, soon: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited = [{"1": 5.0, "2": 7.0}], itertools.repeat({"1": 5.1, "2": 7.3, "3": 0.2})
    found = itertools.chain(*waited)
    monkeypatch.setattr(deadline, "waits", lambda _pid: next(found))
    assert 0.35 <= seconds_until_given_up(silent, 0.05, 1) < 3


@needs_schedstat
def test_linux_tells_how_long_a_thread_waited_for_a_cpu() -> None:
    assert str(threading.get_native_id()) in waits(os.getpid())
    cpu = min(os.sched_getaffinity(0))
    busy = f"import os; os.sched_setaffinity(0, {{{cpu}}})\nwhile True: pass"
    with contextlib.ExitStack() as children:
        two = [children.enter_context(subprocess.Popen([sys.executable, "-c", busy])) for _ in "ab"]
        for child in two:
            children.callback(child.kill)
        for _ in range(3000):
            if all(waits(child.pid)[str(child.pid)] > 0.2 for child in two):
                return
            time.sleep(0.01)  # nothing signals that they have waited for one another long enough
    pytest.fail("two that want the same CPU did not wait for one another")


def test_of_a_process_that_is_gone_nothing_is_told() -> None:
    with subprocess.Popen(["true"]) as child:
        child.wait()
    assert waits(child.pid) == {}
