"""The title of a page, the sentence below it, and names for columns."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.report.pages.matrix import matrix
from pytest_kvmpmu.report.pages.words import lead, on_columns, title

from ..runs import report, reports


def test_title_and_lead_say_what_was_run_and_what_is_bad(pytester: pytest.Pytester) -> None:
    found = matrix(reports(pytester))
    assert title(found) == "2 kernels on 2 boards"
    bad = "2 violated, 3 violated but waived, 2 not verified because of an error, 3 not verified"
    assert f" clauses, 3 runs: {bad}. On " in lead(found)
    assert lead(found).endswith(" the runs differ.")


def test_one_run_is_called_by_its_name() -> None:
    found = matrix([report()])
    assert title(found) == "6.12 on rockpro64"
    assert lead(found).endswith(" clauses, 1 run: none violated.")


def test_columns_are_named_by_kernel() -> None:
    found = matrix([report(kernel=k, board=b) for k in ("5.10", "6.1") for b in BOARDS])
    assert on_columns(found, range(6)) == "on all 6"
    assert on_columns(found, (0, 1, 2, 4)) == "on 5.10: all boards; 6.1: rockpro64"
    assert on_columns(matrix([report()]), (0,)) == "on 6.12 on rockpro64"


BOARDS = ("one-pmu", "rockpro64", "three-pmus")
