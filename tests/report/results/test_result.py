"""Results and what a run was on: values and their JSON."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.backends.header import header_of
from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.recording.form import BadLine
from pytest_kvmpmu.report.results.result import RunInfo, SpecResult, Status

CALL = {"call": "KVM_CREATE_VM", "on": "kvm", "cpu": 0, "new": "vm0"}
FULL = SpecResult(
    "conformance/test_x.py::test_it[a]",
    Status.FAIL,
    ("set-pmu.set",),
    "expected ENXIO, got EINVAL",
    "EINVAL",
    "a known bug",
    True,
    "../test_x.py::test_it[a]",
    0.25,
    ({"call": CALL, "outcome": {"ret": 0}}, {"call": CALL, "outcome": None}),
    (("failure in call", "E   text"),),
    ("row | column | text",),
)


@pytest.mark.parametrize("result", [FULL, SpecResult("x", Status.PASS)])
def test_a_result_survives_its_json(result: SpecResult) -> None:
    assert SpecResult.from_json(result.to_json()) == result


def test_a_result_says_nothing_of_what_there_is_not() -> None:
    assert SpecResult("x", Status.SKIP).to_json() == {"spec": "x", "status": "skip"}


def test_the_statuses_are_kcidbs_words() -> None:
    assert [status.kcidb for status in Status] == ["FAIL", "ERROR", "MISS", "PASS", "SKIP"]


def test_the_worst_status_stands_for_all() -> None:
    assert Status.worst([Status.ERROR, Status.FAIL, Status.MISS]) is Status.FAIL
    assert Status.worst([]) is Status.PASS


BAD: list[tuple[dict[str, Any], str]] = [
    ({}, "the key 'spec' is missing"),
    ({"spec": "x"}, "the key 'status' is missing"),
    ({"spec": "x", "status": "good"}, "status: 'good' is not one of fail, error, miss, pass, skip"),
    ({"spec": "x", "status": "pass", "color": 1}, "unknown key 'color'"),
    ({"spec": "x", "status": "pass", "clauses": [1]}, "clauses: [1] are not strings"),
    ({"spec": "x", "status": "pass", "story": [None]}, "story: [None] are not strings"),
    ({"spec": "x", "status": "pass", "seconds": "1"}, "seconds: '1' is of the wrong type"),
    ({"spec": "x", "status": "pass", "sections": ["ab"]}, "'ab' is not a title with its text"),
    ({"spec": "x", "status": "pass", "calls": [1]}, "1 is not a call with its outcome"),
    ({"spec": "x", "status": "pass", "calls": [{"call": {}}]}, "is not a call with its outcome"),
]


@pytest.mark.parametrize(("value", "says"), BAD)
def test_what_is_no_result_is_refused(value: dict[str, Any], says: str) -> None:
    with pytest.raises(BadLine) as refused:
        SpecResult.from_json(value)
    assert says in str(refused.value)


def run() -> RunInfo:
    header = header_of(ModelBackend(load("rockpro64"), "6.12"))
    return RunInfo(header, ("pytest", "-x"), {"hypothesis": "7"})


def test_what_a_run_was_on_survives_its_json() -> None:
    assert RunInfo.from_json(run().to_json()) == run()
    assert (run().kernel, run().board) == ("6.12", "rockpro64")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"on": {}}, "the key 'backend' is missing"),
        ({"command": [1]}, "not all of them are strings"),
        ({"seeds": {"a": 1}}, "not all of them are strings"),
        ({"more": 1}, "unknown key 'more'"),
    ],
)
def test_what_is_no_run_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(BadLine) as refused:
        RunInfo.from_json({**run().to_json(), **change})
    assert says in str(refused.value)
