"""Reports side by side: the verdict on each clause, and its evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.data.revision import revision
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.report.pages import calls
from pytest_kvmpmu.report.pages.cell import Cell
from pytest_kvmpmu.report.pages.matrix import NONE, OTHER, Matrix, Row, matrix
from pytest_kvmpmu.report.pages.words import lead, on_columns, title
from pytest_kvmpmu.report.results.conclusion import Verdict
from pytest_kvmpmu.report.results.left_out import LeftOut
from pytest_kvmpmu.report.results.result import SpecResult, Status
from pytest_kvmpmu.report.verdict.judge import asked_for

from ..runs import report, reports, result

FAIL, ERROR, MISS, PASS, SKIP = Status


def row(found: Matrix, slug: str) -> Row:
    return next(one for one in found.rows if one.slug == slug)


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
    real = replace(real, run=replace(real.run, on=real.run.on._replace(backend="real")))
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


def issued(attr: str, errno: str = "") -> SpecResult:
    call = {"call": "KVM_SET_DEVICE_ATTR", "on": "vcpu0", "cpu": 0, "attr": attr}
    outcome = {"ret": -1, "errno": errno} if errno else {"ret": 0}
    first = {"call": {"call": "KVM_CREATE_VM", "on": "kvm", "cpu": 0, "new": "vm0"},
             "outcome": {"ret": 0}}  # fmt: skip
    pairs = (first, first, first, {"call": call, "outcome": outcome})
    return result("f::a", PASS, "set-pmu.set", calls=pairs)


def test_identical_calls_are_there_once_and_others_show_what_differs() -> None:
    found = matrix(
        [
            report(issued("A"), kernel="5.18"),
            report(issued("A", "EBUSY"), kernel="6.1"),
            report(issued("A"), kernel="6.12"),
        ]
    )
    (evidence,) = row(found, "set-pmu.set").evidence
    assert [variant.columns for variant in evidence.variants] == [(0, 2), (1,)]
    assert evidence.variants[0].lines == (
        "  1  cpu0 kvm KVM_CREATE_VM as vm0 = 0",
        "  2  cpu0 kvm KVM_CREATE_VM as vm0 = 0",
        "  3  cpu0 kvm KVM_CREATE_VM as vm0 = 0",
        "  4  cpu0 vcpu0 KVM_SET_DEVICE_ATTR attr=A = 0",
    )
    assert evidence.variants[1].lines == (
        "  1 to 3: as above",
        "  4  cpu0 vcpu0 KVM_SET_DEVICE_ATTR attr=A = -1 EBUSY",
    )


def test_an_outcome_is_a_line_in_the_kernels_words() -> None:
    run = {"call": "KVM_RUN", "on": "vcpu0", "cpu": 4}
    mmio = {"phys_addr": 0xA000000, "len": 8, "is_write": True, "data": 123456}
    fail = {"hardware_entry_failure_reason": 1, "cpu": 4}
    shown = calls.lines(
        [
            {"call": run, "outcome": {"ret": 0, "exit": {"reason": "KVM_EXIT_MMIO", "mmio": mmio}}},
            {"call": run, "outcome": {"ret": 0, "exit": {"reason": "X", "fail_entry": fail}}},
            {"call": run, "outcome": {"ret": -1, "errno": "EINTR", "timed_out": True}},
            {"call": run, "outcome": None},
            {"call": {**run, "addr": {"u64": 0x8000000}, "features": [3]},
             "outcome": {"ret": 0, "out": {"target": 5, "features": []}}},
        ]
    )  # fmt: skip
    assert shown == (
        "cpu4 vcpu0 KVM_RUN = 0 KVM_EXIT_MMIO phys_addr=0xa000000 len=8 is_write=true data=moved",
        "cpu4 vcpu0 KVM_RUN = 0 X hardware_entry_failure_reason=1 cpu=4",
        "cpu4 vcpu0 KVM_RUN = -1 EINTR timed out",
        "cpu4 vcpu0 KVM_RUN = no answer",
        "cpu4 vcpu0 KVM_RUN addr=u64:0x8000000 features=3 = 0 target=5 features=none",
    )


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
