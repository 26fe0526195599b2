"""Progress lines that appear now and then."""

from __future__ import annotations

import time

import pytest

from pytest_kvmpmu.lab.progress import SECONDS_BETWEEN, Meter


def test_progress_is_told_at_each_tenth_and_no_faster_than_one_reads(
    said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    meter = Meter(said.append, "downloading", 10_000_000)
    for step in range(1, 101):
        now[0] = step * SECONDS_BETWEEN / 16
        meter.at(step * 100_000)
    assert said == [f"downloading: {percent} % of 10 MB" for percent in (16, 32, 48, 64, 80, 96)]


def test_what_goes_back_or_is_nothing_is_no_trouble(said: list[str]) -> None:
    Meter(said.append, "downloading", 0).at(0)
    meter = Meter(said.append, "downloading", 100)
    meter.at(90)
    meter.at(5)
    assert said == []
