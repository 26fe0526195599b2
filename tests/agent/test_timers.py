"""The timers of a resumed host: which they are, and how they are set going."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pytest_kvmpmu.agent import timers

HEAD = "           CPU0       CPU1\n"
EL1 = " 11:       1804       1402     GICv3  30 Level     arch_timer\n"
EL2 = " 10:       1804       1402     GICv3  26 Level     arch_timer\n"
OTHER = " 26:          9          1     GICv3  26 Level     arm-pmu\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [(HEAD + EL1, False), (HEAD + EL1 + OTHER, False), (HEAD + EL2, True), (HEAD, False)],
    ids=["el1", "el1-beside-another", "el2", "none"],
)
def test_the_interrupt_tells_whose_timers_they_are(
    text: str, expected: bool, tmp_path: Path
) -> None:
    table = tmp_path / "interrupts"
    table.write_text(text)
    assert timers.run_on_el2(table) is expected


def test_where_the_interrupts_cannot_be_read_nothing_is_done(tmp_path: Path) -> None:
    assert timers.run_on_el2(tmp_path / "absent") is False


def test_each_cpu_sleeps_for_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    # A thread that sleeps until a moment that is past comes back; this test would not end else.
    moved: list[set[int]] = []
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, cpus: moved.append(cpus))
    timers.set_going([1, 2, 0])
    assert moved == [{1}, {2}, {0}]
