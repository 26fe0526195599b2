"""Which sign a cell of the matrix has."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.report.pages.cell import Cell
from pytest_kvmpmu.report.pages.matrix import matrix
from pytest_kvmpmu.report.results.result import Status

from ..runs import report, result
from .test_matrix import ERROR, FAIL, MISS, PASS, SKIP, row


def verdict(*statuses: Status, clause: str = "set-pmu.set", kernel: str = "6.12") -> Cell:
    results = [result(f"f::{n}", status, clause) for n, status in enumerate(statuses)]
    return row(matrix([report(*results, kernel=kernel)]), clause).cells[0]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([PASS], Cell.VERIFIED),
        ([PASS, SKIP], Cell.VERIFIED),
        ([PASS, MISS], Cell.UNVERIFIED),
        ([PASS, FAIL], Cell.VIOLATED),
        ([ERROR, FAIL], Cell.VIOLATED),
        ([PASS, ERROR], Cell.ERROR),
        ([MISS, SKIP], Cell.UNVERIFIED),
        ([SKIP], Cell.NOT_RUN),  # the clause holds, but no spec is for this revision
        ([], Cell.NOT_RUN),
    ],
)
def test_a_clause_is_judged_by_all_specs_that_cite_it(
    statuses: list[Status], expected: Cell
) -> None:
    assert verdict(*statuses) is expected


def test_a_clause_that_does_not_hold_there_is_not_applicable() -> None:
    assert verdict(SKIP, clause="set-pmu.absent") is Cell.INAPPLICABLE
    assert verdict(clause="set-pmu.absent") is Cell.INAPPLICABLE
    assert verdict(PASS, clause="set-pmu.absent", kernel="5.10") is Cell.VERIFIED


def test_a_clause_whose_text_says_something_else_is_marked() -> None:
    assert verdict(PASS, clause="attr.flags") is Cell.DIVERGENT
    assert verdict(FAIL, clause="attr.flags") is Cell.VIOLATED
