"""The tally of a run, and the table of its story."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.story import StoryFixture, table
from pytest_kvmpmu.summary import lines, tally


def report(outcome: str, when: str, *properties: tuple[str, str]) -> pytest.TestReport:
    return pytest.TestReport(
        nodeid="test_x.py::test_it",
        location=("test_x.py", 1, "test_it"),
        keywords={},
        outcome=outcome,  # type: ignore[arg-type]  # a str here, one of pytest's words
        longrepr=None,
        when=when,  # type: ignore[arg-type]  # the same
        user_properties=list(properties),
    )


A, B = ("kvmpmu_clause", "a"), ("kvmpmu_clause", "b")


def test_what_is_no_test_report_does_not_count() -> None:
    assert lines(tally(["a line", None])) == []


def test_a_clause_is_verified_by_a_call_that_passed() -> None:
    found = tally([report("passed", "setup", A), report("passed", "call", B)])
    assert found.verified == {"b"}


@pytest.mark.parametrize("when", ["setup", "call", "teardown"])
def test_a_failure_anywhere_violates(when: str) -> None:
    found = tally([report("passed", "call", A, B), report("failed", when, A)])
    assert (found.verified, found.failed) == ({"b"}, {"a"})


def test_a_clause_that_another_test_verified_is_not_unverified() -> None:
    missing = ("kvmpmu_missing", "the host has no PMU")
    found = tally([report("skipped", "setup", A, B, missing), report("passed", "call", B)])
    assert lines(found)[-2:] == [
        "tests skipped because the host has no PMU; clauses not verified: 1",
        "  not verified: a",
    ]


def test_a_skip_is_counted_once_though_several_reports_tell_of_it() -> None:
    why = ("kvmpmu_not_applicable", "a holds since linux-5.18")
    kernel = ("kvmpmu_kernel", "backend model")
    found = tally([report("skipped", "setup", why, kernel), report("passed", "teardown", why)])
    assert lines(found) == [
        "backend model",
        "clauses verified: 0, violated: 0",
        "tests not applicable to this revision: 1",
        "  1 x a holds since linux-5.18",
    ]


def test_a_storys_cells_are_recorded_in_the_report() -> None:
    properties: list[tuple[str, object]] = []
    StoryFixture(properties)("row", "column", "a | b")
    assert properties == [("kvmpmu_story", "row | column | a | b")]


def test_a_story_is_sorted_and_has_a_dash_where_nothing_was_seen() -> None:
    assert table(["b | y | 2", "a | x | one | two"]) == [
        "   x          y",
        "-  ---------  -",
        "a  one | two  -",
        "b  -          2",
    ]


def test_a_storys_last_word_stands() -> None:
    assert table(["a | x | first", "a | x | second"])[-1] == "a  second"
