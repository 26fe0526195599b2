"""The tally of a run, and its story table."""

from __future__ import annotations

from pytest_kvmpmu.plugin.story import StoryFixture, table
from pytest_kvmpmu.plugin.summary import lines, tally
from pytest_kvmpmu.report.results.result import SpecResult, Status


def result(status: Status, *clauses: str, reason: str = "") -> SpecResult:
    return SpecResult("test_x.py::test_it", status, clauses, reason)


def test_a_run_without_a_spec_says_nothing() -> None:
    assert lines(tally([])) == []


def test_a_clause_is_verified_by_a_spec_that_passed() -> None:
    assert tally([result(Status.PASS, "b")]).verified == {"b"}


def test_a_clause_is_violated_by_a_spec_that_failed_whatever_others_say() -> None:
    found = tally([result(Status.PASS, "a", "b"), result(Status.FAIL, "a")])
    assert (found.verified, found.failed) == ({"b"}, {"a"})


def test_an_error_says_nothing_about_the_kernel() -> None:
    found = tally([result(Status.PASS, "a", "b"), result(Status.ERROR, "a")])
    assert (found.verified, found.failed) == ({"b"}, set())
    assert lines(found) == [
        "clauses verified: 1, violated: 0",
        "tests that ended in an error: 1; clauses not verified: 1",
        "  not verified: a",
    ]


def test_a_spec_that_failed_for_strictness_alone_verifies() -> None:
    strict = SpecResult("test_x.py::test_it", Status.FAIL, ("a",), strict=True)
    assert tally([strict]).verified == {"a"}


def test_a_clause_that_another_test_verified_is_not_unverified() -> None:
    found = tally(
        [result(Status.MISS, "a", "b", reason="the host has no PMU"), result(Status.PASS, "b")]
    )
    assert lines(found)[-2:] == [
        "tests skipped because the host has no PMU; clauses not verified: 1",
        "  not verified: a",
    ]


def test_tests_that_do_not_apply_are_counted_by_reason() -> None:
    found = tally([result(Status.SKIP, "a", reason="a holds since linux-5.18")], ["backend model"])
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
