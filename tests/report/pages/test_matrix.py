"""Reports side by side: the verdict on each clause, and its evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.data.revision import revision
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.report.pages.cell import Cell
from pytest_kvmpmu.report.pages.matrix import NONE, OTHER, Matrix, Row, matrix
from pytest_kvmpmu.report.results.conclusion import Verdict
from pytest_kvmpmu.report.results.left_out import LeftOut
from pytest_kvmpmu.report.results.result import SpecResult, Status
from pytest_kvmpmu.report.verdict.judge import asked_for

from ..runs import report, result

FAIL, ERROR, MISS, PASS, SKIP = Status


def row(found: Matrix, slug: str) -> Row:
    return next(one for one in found.rows if one.slug == slug)


def test_a_failure_that_is_waived_is_no_other() -> None:
    waived = result("f::a", FAIL, "set-pmu.set", waived="a known bug")
    plain = result("f::b", FAIL, "set-pmu.set")
    assert row(matrix([report(waived)]), "set-pmu.set").cells == (Cell.WAIVED,)
    assert row(matrix([report(waived, plain)]), "set-pmu.set").cells == (Cell.VIOLATED,)


def test_strictness_alone_violates_nothing() -> None:
    strict = result("f::a", FAIL, "attr.flags", strict=True)
    assert row(matrix([report(strict)]), "attr.flags").cells == (Cell.DIVERGENT,)


def test_columns_are_sorted_by_release_and_board() -> None:
    found = matrix(
        [
            report(kernel=kernel, board=board)
            for kernel, board in (
                ("6.12.9-rc1", "rockpro64"), ("6.12.10", "rockpro64"), ("6.2", "three-pmus"),
                ("6.2", "one-pmu"), ("5.10", "rockpro64"),
            )
        ]
    )  # fmt: skip
    assert [column.name for column in found.columns] == [
        "5.10 on rockpro64",
        "6.2 on one-pmu",
        "6.2 on three-pmus",
        "6.12.9-rc1 on rockpro64",
        "6.12.10 on rockpro64",
    ]
    assert [column.number for column in found.columns] == [0, 1, 2, 3, 4]
    assert [one.kernel for one in found.kernels] == ["5.10", "6.2", "6.12.9-rc1", "6.12.10"]


def test_two_reports_of_one_kernel_and_board_are_an_error() -> None:
    with pytest.raises(UsageProblem) as problem:
        matrix([report(), report(kernel="5.10"), report()])
    assert "are both of kernel 6.12 on rockpro64" in problem.value.cause


def test_every_clause_has_a_row_and_what_cites_none_has_one_too() -> None:
    found = matrix([report(result("f::a", PASS), result("f::b", PASS, "of.another.version"))])
    assert [row.slug for row in dict(found.sections)[NONE]] == ["f::a"]
    assert [row.slug for row in dict(found.sections)[OTHER]] == ["of.another.version"]
    assert row(found, "f::a").cells == (Cell.VERIFIED,)
    assert row(found, "create-vm").why_none.startswith("the set-up of every spec uses it")


def test_a_spec_that_cites_none_and_does_not_apply_is_not_applicable() -> None:
    found = matrix([report(result("f::a", SKIP))])
    assert row(found, "f::a").cells == (Cell.INAPPLICABLE,)


def test_what_a_host_lacks_takes_nothing_from_what_its_other_specs_show() -> None:
    lacking = result("f::a", MISS, "set-pmu.set", reason="the host has no GICv5")
    both = report(lacking, result("f::b", PASS, "set-pmu.set"))
    assert row(matrix([both]), "set-pmu.set").cells == (Cell.VERIFIED,)
    assert row(matrix([report(lacking)]), "set-pmu.set").cells == (Cell.UNVERIFIED,)


def test_a_clause_whose_specs_were_left_out_is_not_verified_and_says_why() -> None:
    left = LeftOut(deselected={"f::b": ("set-pmu.set",)})
    passed = result("f::a", PASS, "set-pmu.set")
    found = row(
        matrix([report(passed, left_out=left), report(passed, kernel="6.1")]), "set-pmu.set"
    )
    assert found.cells == (Cell.VERIFIED, Cell.UNVERIFIED)
    assert found.gaps == {"specs were deselected (f::b)": [1]}


def test_a_report_that_does_not_say_what_was_left_out_verifies_nothing() -> None:
    passed, failed = result("f::a", PASS, "set-pmu.set"), result("f::b", FAIL, "irq.set")
    found = matrix([report(passed, failed, left_out=None)])
    assert row(found, "set-pmu.set").cells == (Cell.UNVERIFIED,)
    assert row(found, "irq.set").cells == (Cell.VIOLATED,)
    assert row(found, "irq.get").cells == (Cell.NOT_RUN,)


def everything(*but: str) -> list[SpecResult]:
    """Results of a run that verified all clauses except those."""
    slugs = [known.slug for known in asked_for(revision("linux-6.7")) if known.slug not in but]
    return [result(f"f::{slug}", PASS, slug) for slug in slugs]


def test_a_kernels_verdict_is_that_of_all_its_boards() -> None:
    lacking = result("f::x", MISS, "irq.set", reason="the host has no GICv5")
    found = matrix(
        [
            report(*everything("irq.set"), lacking),
            report(result("f::x", PASS, "irq.set"), board="gicv5"),
            report(*everything("irq.set"), lacking, kernel="6.11"),
        ]
    )
    assert [(one.kernel, one.boards, one.verdicts.verdict) for one in found.kernels] == [
        ("6.11", "rockpro64", Verdict.NOT_VERIFIED),
        ("6.12", "gicv5, rockpro64", Verdict.CONFORMANT),
    ]
    assert {column.verdicts.verdict for column in found.columns} == {Verdict.NOT_VERIFIED}


def test_what_the_model_does_says_nothing_about_a_kernel_of_that_name() -> None:
    model, real = report(*everything()), report(*everything("irq.set"), board="one-pmu")
    real = replace(real, run=real.run._replace(on=real.run.on._replace(backend="real")))
    found = matrix([model, real]).kernels
    assert [(one.backend, one.verdicts.verdict) for one in found] == [
        ("model", Verdict.CONFORMANT),
        ("real", Verdict.NOT_VERIFIED),
    ]


def test_columns_that_say_the_same_are_told_from_those_that_differ() -> None:
    def of(*statuses: Status) -> Row:
        found = matrix(
            [
                report(result("f::a", status, "set-pmu.set"), kernel=f"6.{12 + n}")
                for n, status in enumerate(statuses)
            ]
        )
        return row(found, "set-pmu.set")

    assert of(PASS, PASS).alike
    assert of(PASS, MISS).alike
    assert not of(PASS, FAIL).alike
