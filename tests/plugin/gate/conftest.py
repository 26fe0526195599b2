"""Requires only two clauses, so that a run of a few tests can be complete."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.report.results import left_out
from pytest_kvmpmu.report.verdict import judge as verdict
from pytest_kvmpmu.spec.catalogue import clause

SLUGS = ("set-pmu.set", "irq.set")


@pytest.fixture
def two_clauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Verdicts are only about `SLUGS`, and none of our own specs is missed."""
    monkeypatch.setattr(verdict, "asked_for", lambda _: [clause(slug) for slug in SLUGS])
    monkeypatch.setattr(left_out, "our_files", frozenset)


def section(result: pytest.RunResult) -> list[str]:
    """What a run says from its verdict on."""
    lines = result.outlines
    start = next(n for n, line in enumerate(lines) if line.startswith("verdict: "))
    end = next(n for n, line in enumerate(lines[start:], start) if line.startswith("==="))
    return [line for line in lines[start:end] if line]
