"""The conclusion of a run in a report's footer."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.recording.form import BadLine
from pytest_kvmpmu.report.results.conclusion import Conclusion, Verdict

RED = Conclusion(Verdict.NOT_CONFORMANT, Verdict.NOT_VERIFIED, "conformant", ("it is not met",))


@pytest.mark.parametrize(
    "one",
    [
        RED,
        Conclusion(Verdict.CONFORMANT, Verdict.CONFORMANT),
        Conclusion(Verdict.NOT_VERIFIED, Verdict.WAIVED, "conformant-on-host"),
        Conclusion(Verdict.WAIVED, Verdict.WAIVED, failures=("stale waiver: x",)),
    ],
)
def test_it_is_read_as_it_was_written(one: Conclusion) -> None:
    assert Conclusion.from_json({"results": 1, **one.to_json()}) == one


def test_an_older_footer_has_none() -> None:
    assert Conclusion.from_json({"results": 1}) is None


def test_a_run_without_gate_says_nothing_about_one() -> None:
    assert Conclusion(Verdict.CONFORMANT, Verdict.CONFORMANT).to_json() == {
        "verdict": "conformant",
        "on_host": "conformant",
    }


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"verdict": "fine"}, "unknown verdict 'fine'; known: not conformant, not verified, "),
        ({"on_host": 1}, "on_host: 1 is of the wrong type"),
        ({"gate": {"met": True, "failures": ["x"]}}, "only a gate that is not met has failures"),
        ({"gate": {"met": False, "failures": []}}, "only a gate that is not met has failures"),
        ({"gate": {"met": False, "failures": [1]}}, "gate: "),
        ({"gate": {"met": True}}, "the key 'failures' is missing"),
        ({"gate": {"met": True, "failures": [], "level": "x"}}, "gate: unknown level 'x'"),
    ],
)
def test_a_bad_one_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(BadLine, match=says):
        Conclusion.from_json({**RED.to_json(), **change})


@pytest.mark.parametrize("key", ["verdict", "on_host"])
def test_one_without_a_verdict_is_refused(key: str) -> None:
    value = RED.to_json()
    del value[key]
    with pytest.raises(BadLine, match=f"the key '{key}' is missing"):
        Conclusion.from_json(value)


def test_the_worst_verdict_stands_for_all() -> None:
    assert Verdict.worst([Verdict.CONFORMANT, Verdict.NOT_VERIFIED]) is Verdict.NOT_VERIFIED
    assert Verdict.worst([Verdict.WAIVED, Verdict.CONFORMANT]) is Verdict.WAIVED
    assert Verdict.worst([]) is Verdict.NOT_VERIFIED
    assert [one.green for one in Verdict] == [False, False, True, True]
