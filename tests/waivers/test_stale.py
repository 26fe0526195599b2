"""Waivers that no longer match the results."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from pytest_kvmpmu.report.results.result import SpecResult, Status
from pytest_kvmpmu.report.results.selection import Selection
from pytest_kvmpmu.waivers.file import Waiver
from pytest_kvmpmu.waivers.kernel_range import kernel_range
from pytest_kvmpmu.waivers.stale import Checked, How, check

TODAY = datetime.date(2026, 11, 24)
ON = ("6.12.107+deb13-arm64", "rockpro64")
SPEC = Waiver("w.toml:1", spec="f.py::test_a", errno="EIO")
CLAUSE = Waiver("w.toml:1", clause="irq.set", errno="EIO")


def result(
    status: Status, name: str = "f.py::test_a", errno: str = "", reason: str = "why"
) -> SpecResult:
    return SpecResult(name, status, ("irq.set",), reason, errno)


FAILED = result(Status.FAIL, errno="EIO")


def checked(
    *waivers: Waiver,
    results: list[SpecResult],
    deselected: list[str] | None = None,
    narrowed: list[str] | None = None,
    on: tuple[str, str] | None = ON,
) -> Checked:
    specs = {one.spec: one.clauses for one in results}
    specs |= dict.fromkeys(deselected or [], ("irq.set",))
    selection = Selection(specs, frozenset(deselected or []), dict.fromkeys(narrowed or [], ""))
    return check(waivers, results, selection, on, TODAY)


def hows(found: Checked) -> list[How]:
    return [stale.how for stale in found.stale]


def test_a_failure_as_listed_keeps_an_entry_in_use() -> None:
    found = checked(SPEC, results=[FAILED])
    assert found == Checked(used=((SPEC, ("f.py::test_a",)),))


@pytest.mark.parametrize(
    ("ended", "how", "says"),
    [
        (result(Status.PASS), How.PASSED, "f.py::test_a passed"),
        (result(Status.SKIP), How.SKIPPED, "f.py::test_a: why"),
        (result(Status.MISS), How.SKIPPED, "f.py::test_a: why"),
        (
            result(Status.FAIL, errno="EPERM"),
            How.OTHER,
            "f.py::test_a: errno = 'EIO' expected, got errno = 'EPERM'",
        ),
        (
            result(Status.FAIL, errno="0"),
            How.OTHER,
            "errno = 'EIO' expected, got errno = \"0\" (the call was accepted)",
        ),
        (result(Status.FAIL), How.OTHER, "errno = 'EIO' expected, got message = 'why'"),
        (result(Status.ERROR), How.OTHER, "errno = 'EIO' expected, got an error: why"),
    ],
)
@pytest.mark.parametrize("waiver", [SPEC, CLAUSE], ids=["spec", "clause"])
def test_anything_else_makes_it_stale(
    waiver: Waiver, ended: SpecResult, how: How, says: str
) -> None:
    (stale,) = checked(waiver, results=[ended]).stale
    assert (stale.how, stale.specs) == (how, (ended.spec,))
    assert says in str(stale)
    assert str(stale).startswith(f"{waiver}: {how.value}: ")


def test_an_entry_that_covers_more_than_fails_as_listed_is_too_broad() -> None:
    others = [result(Status.PASS, "f.py::test_b"), result(Status.FAIL, "f.py::test_c", "EIO")]
    (stale,) = checked(CLAUSE, results=[FAILED, *others]).stale
    assert stale.how is How.BROAD
    assert stale.what == ("it covers 3 specs, of which 1 did not fail as listed, like f.py::test_b")
    parametrized = [
        result(Status.FAIL, "f.py::test_a[1]", "EIO"),
        result(Status.PASS, "f.py::test_a[2]"),
    ]
    assert hows(checked(SPEC, results=parametrized)) == [How.BROAD]


def test_a_spec_that_two_entries_cover_is_waived_twice() -> None:
    again = Waiver("w.toml:9", clause="irq.set", errno="EIO")
    (stale,) = checked(SPEC, again, results=[FAILED]).stale
    assert (stale.waiver, stale.how) == (again, How.TWICE)


def test_an_entry_expires_whether_it_is_needed_or_not() -> None:
    past = Waiver("w.toml:1", spec="f.py::test_a", errno="EIO", expires=datetime.date(2026, 11, 23))
    for on in (ON, None):
        (stale,) = checked(past, results=[FAILED], on=on).stale
        assert str(stale).endswith("expired: its last day was 2026-11-23")


def test_an_entry_for_another_kernel_or_board_is_left_alone() -> None:
    kernel = Waiver("w.toml:1", spec="f.py::test_a", errno="EIO", kernel=kernel_range("<6.12"))
    board = Waiver("w.toml:2", spec="f.py::test_a", errno="EIO", board="rock5b")
    found = checked(kernel, board, results=[result(Status.PASS)])
    assert found == Checked(elsewhere=(kernel, board))


def test_an_entry_whose_spec_is_not_there_matches_nothing() -> None:
    absent = Waiver("w.toml:1", spec="f.py::test_a[9]", errno="EIO")
    (stale,) = checked(absent, results=[FAILED]).stale
    assert (stale.how, stale.what) == (How.NO_MATCH, "no spec of f.py has that name")


@pytest.mark.parametrize(
    ("waiver", "more"),
    [
        (Waiver("x", spec="f.py::test_b", errno="EIO"), {"deselected": ["f.py::test_b"]}),
        (Waiver("x", spec="f.py::test_b", errno="EIO"), {"narrowed": ["f.py"]}),
        (Waiver("x", spec="g.py::test_b", errno="EIO"), {}),
        (Waiver("x", clause="irq.get", errno="EIO"), {}),
    ],
    ids=["deselected", "narrowed", "other-file", "clause"],
)
def test_an_entry_whose_specs_the_run_left_out_is_not_tried(
    waiver: Waiver, more: dict[str, Any]
) -> None:
    assert checked(waiver, results=[FAILED], **more) == Checked(untried=(waiver,))
