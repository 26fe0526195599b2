"""The project's error for its users."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.errors import UsageProblem, unknown


def test_a_problem_is_two_sentences_cause_then_remedy() -> None:
    assert str(UsageProblem("the disk is full", "Make room")) == "the disk is full. Make room."


def test_an_unknown_name_gets_the_nearest_one_and_all_the_others() -> None:
    problem = unknown("backend", "modle", ["model", "real"])
    assert str(problem) == ("unknown backend 'modle'. Did you mean 'model'? Known: model, real.")


def test_a_name_that_is_near_to_none_gets_no_suggestion() -> None:
    assert str(unknown("backend", "xyz", ["model", "real"])) == (
        "unknown backend 'xyz'. Known: model, real."
    )


@pytest.mark.parametrize(("count", "ends"), [(24, "n23"), (25, "n23, ...")])
def test_a_long_list_of_names_is_cut(count: int, ends: str) -> None:
    problem = unknown("thing", "zzz", [f"n{number}" for number in range(count)])
    assert problem.remedy.endswith(ends)


def test_what_is_no_text_can_be_unknown_too() -> None:
    assert unknown("key", 3, [1, 2]).cause == "unknown key 3"
