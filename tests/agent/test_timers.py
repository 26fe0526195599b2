"""The timers of a resumed host: which ones it uses, and how they are restarted."""

from __future__ import annotations

import errno
import os
import resource
import time
from pathlib import Path

import pytest

from pytest_kvmpmu.agent import timers

HEAD = "           CPU0       CPU1\n"
EL1 = " 11:       1804       1402     GICv3  30 Level     arch_timer\n"
EL2 = " 10:       1804       1402     GICv3  26 Level     arch_timer\n"
VIRTUAL = " 10:       1804       1402     GICv3  28 Level     arch_timer\n"
OTHER = " 26:          9          1     GICv3  26 Level     arm-pmu\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (HEAD + EL1, False),
        (HEAD + EL1 + OTHER, False),
        (HEAD + EL2, True),
        (HEAD + VIRTUAL, True),
        (HEAD, False),
    ],
    ids=["el1", "el1-beside-another", "el2", "el2-virtual", "none"],
)
def test_the_interrupt_tells_whose_timers_they_are(
    text: str, expected: bool, tmp_path: Path
) -> None:
    table = tmp_path / "interrupts"
    table.write_text(text)
    assert timers.run_on_el2(table) is expected


def test_where_the_interrupts_cannot_be_read_nothing_is_done(tmp_path: Path) -> None:
    assert timers.run_on_el2(tmp_path / "absent") is False


class Clock:
    """The time of day as it is set, and the CPU that it is set from."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cpu = -1
        self.was_set: list[tuple[int, float]] = []
        self.open_then: list[int] = []
        monkeypatch.setattr(os, "sched_setaffinity", self.move)
        monkeypatch.setattr(time, "clock_settime", self.set)
        monkeypatch.setattr(time, "time", lambda: 1_000_000.0)
        monkeypatch.setattr(time, "monotonic", lambda: 10.0)

    def move(self, _: int, cpus: set[int]) -> None:
        (self.cpu,) = cpus

    def set(self, clock: int, to: float) -> None:
        assert clock == time.CLOCK_REALTIME
        self.was_set.append((self.cpu, to))
        self.open_then.append(len(list(Path("/proc/self/fd").iterdir())))


def test_the_time_of_day_is_set_from_two_cpus_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock(monkeypatch)
    before = len(list(Path("/proc/self/fd").iterdir()))
    timers.set_going([0, 3, 5])
    # Each time an alarm of each CPU is waiting.
    assert clock.was_set == [(3, 1_007_200.0), (0, 1_007_200.0), (0, 1_000_000.0)]
    assert [count - before for count in clock.open_then] == [3, 3, 0]


@pytest.mark.parametrize("there", [True, False])
def test_a_cpu_without_another_starts_what_is_overdue(
    there: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A thread that waits for a time that has passed returns; otherwise this test would not end.
    clock = Clock(monkeypatch)
    asked: list[int] = []

    def overdue_timer() -> None:
        asked.append(clock.cpu)
        if not there:
            raise OSError(errno.ENOSYS, "no io_uring")

    monkeypatch.setattr(timers, "overdue_timer", overdue_timer)
    timers.set_going([0])
    assert (asked, clock.was_set) == ([-1], [])


def test_what_refuses_an_alarm_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    Clock(monkeypatch)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = len(list(Path("/proc/self/fd").iterdir()))
    resource.setrlimit(resource.RLIMIT_NOFILE, (taken - 1, limit[1]))
    try:
        with pytest.raises(OSError, match="a timer for the time of day cannot be created"):
            timers.set_going([0, 1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limit)
