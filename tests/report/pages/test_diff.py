"""What changed between two runs, and the exit status for it."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.report.pages.diff import Kind, changes, exit_status, lines
from pytest_kvmpmu.report.results.result import SpecResult, Status

from ..runs import report, result

FAIL, ERROR, MISS, PASS, SKIP = Status


def one(status: Status, **more: str) -> SpecResult:
    return result("f::a", status, **more)


CASES: list[tuple[SpecResult | None, SpecResult | None, Kind | None, int]] = [
    (one(PASS), one(PASS), None, 0),
    (one(PASS), one(FAIL), Kind.FAILS, 1),
    (None, one(FAIL), Kind.FAILS, 1),
    (one(SKIP), one(FAIL), Kind.FAILS, 1),
    (one(FAIL, waived="x"), one(FAIL), Kind.FAILS, 1),
    (one(FAIL, errno="EBUSY"), one(FAIL, errno="ENXIO"), Kind.OTHERWISE, 1),
    (one(FAIL, errno="EBUSY", reason="a"), one(FAIL, errno="EBUSY", reason="b"), None, 0),
    (one(FAIL, reason="a"), one(FAIL, reason="b"), Kind.OTHERWISE, 1),
    (one(FAIL), one(FAIL), None, 0),
    (one(PASS), one(FAIL, waived="x"), Kind.WAIVED, 0),
    (one(FAIL), one(FAIL, waived="x"), None, 0),
    (one(PASS), one(ERROR), Kind.ERRORS, 2),
    (None, one(ERROR), Kind.ERRORS, 2),
    (one(ERROR), one(ERROR), None, 0),
    (one(PASS), one(MISS), Kind.SKIPPED, 3),
    (one(FAIL), one(SKIP), Kind.SKIPPED, 3),
    (one(MISS), one(SKIP), None, 0),
    (one(PASS), None, Kind.GONE, 3),
    (one(FAIL), one(PASS), Kind.PASSES, 0),
    (one(MISS), one(PASS), Kind.PASSES, 0),
    (None, one(PASS), Kind.ADDED, 0),
    (None, one(MISS), Kind.ADDED, 0),
]


@pytest.mark.parametrize(("old", "new", "kind", "status"), CASES)
def test_each_change_has_a_kind_and_an_exit_status(
    old: SpecResult | None, new: SpecResult | None, kind: Kind | None, status: int
) -> None:
    found = changes(report(*filter(None, [old])), report(*filter(None, [new])))
    assert [change.kind for change in found] == ([kind] if kind else [])
    assert exit_status(found) == status


def test_the_worst_change_decides_and_comes_first() -> None:
    old = report(result("f::a"), result("f::b", FAIL), result("f::c"), result("f::d"))
    new = report(result("f::a", MISS), result("f::b"), result("f::c", FAIL, reason="why"))
    found = changes(old, new)
    assert exit_status(found) == 1
    assert list(lines(old, new, found))[2:] == [
        "newly failing: 1",
        "  f::c: pass -> fail: why",
        "changed to skipped: 1",
        "  f::a: pass -> miss",
        "no longer run: 1",
        "  f::d: pass -> not run",
        "newly passing: 1",
        "  f::b: fail -> pass",
        "unchanged: 0",
    ]


def test_both_runs_are_named_and_a_partial_one_is_marked() -> None:
    old, new = report(result("f::a")), report(kernel="5.10", partial="ended early")
    first, second, *_ = lines(old, new, changes(old, new))
    assert first == f"old: kernel 6.12 on rockpro64, {old.run.on.time}, 1 spec"
    assert second.startswith("new: kernel 5.10 on rockpro64, ")
    assert second.endswith(", 0 specs; partial: ended early")
