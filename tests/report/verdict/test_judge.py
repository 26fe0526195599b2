"""Verdicts, from results only."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.revision import NEWEST, revision
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.report.results.conclusion import Verdict
from pytest_kvmpmu.report.results.left_out import LeftOut
from pytest_kvmpmu.report.results.result import SpecResult, Status
from pytest_kvmpmu.report.verdict.judge import NOT_KNOWN, Verdicts, asked_for, join, judge
from pytest_kvmpmu.spec.catalogue import clauses, unspecified

BOARD = load("rockpro64")
NO_GICV5 = "the host has no GICv5"


NOTHING = LeftOut()


def made(
    *ended: SpecResult, host: Host | None = BOARD, left_out: LeftOut | None = NOTHING
) -> Verdicts:
    return judge(ended, NEWEST, host, left_out)


def result(status: Status, reason: str = "", name: str = "a", **more: Any) -> SpecResult:
    return SpecResult(name, status, ("irq.set",), reason, **more)


PASS = result(Status.PASS)
FAIL = result(Status.FAIL, "expected EINVAL")
WAIVED = result(Status.FAIL, "expected EINVAL", waived="a known bug")
STRICT = result(Status.FAIL, "documentation and kernel differ", strict=True)
ERROR = result(Status.ERROR, "the machine is gone")
LACKING = result(Status.MISS, NO_GICV5)
SKIPPED = result(Status.MISS, "not today")
INAPPLICABLE = result(Status.SKIP, "for older ones")


@pytest.mark.parametrize(
    ("ended", "verdict", "why"),
    [
        ([PASS], Verdict.CONFORMANT, ""),
        ([STRICT], Verdict.CONFORMANT, ""),
        ([PASS, INAPPLICABLE], Verdict.CONFORMANT, ""),
        ([PASS, LACKING], Verdict.CONFORMANT, ""),
        ([PASS, WAIVED], Verdict.WAIVED, "a known bug"),
        ([PASS, SKIPPED, WAIVED], Verdict.NOT_VERIFIED, "skipped: not today"),
        ([PASS, ERROR], Verdict.NOT_VERIFIED, "error: the machine is gone"),
        ([PASS, ERROR, FAIL], Verdict.NOT_CONFORMANT, "expected EINVAL"),
        ([WAIVED, FAIL], Verdict.NOT_CONFORMANT, "expected EINVAL"),
        ([LACKING], Verdict.NOT_VERIFIED, NO_GICV5),
        ([], Verdict.NOT_VERIFIED, "no spec of it ran"),
    ],
)
def test_a_clause_is_as_good_as_the_worst_of_its_specs(
    ended: list[SpecResult], verdict: Verdict, why: str
) -> None:
    found = made(*ended).clauses["irq.set"]
    assert (found.verdict, found.why) == (verdict, why)


def test_a_clause_that_needs_another_host_names_the_capability() -> None:
    assert made(LACKING).clauses["irq.set"].needs == "gicv5"
    assert made(LACKING, PASS).clauses["irq.set"].needs == ""
    assert made(SKIPPED).clauses["irq.set"].needs == ""


def test_a_clause_whose_specs_are_all_for_other_revisions_is_asked_of_nobody() -> None:
    found = made(INAPPLICABLE)
    assert found.unspecified == ("irq.set",)
    assert "irq.set" not in found.clauses
    assert made(INAPPLICABLE, LACKING).unspecified == made().unspecified == ()


def test_what_a_host_has_is_no_excuse() -> None:
    assert made(LACKING, host=load("gicv5")).clauses["irq.set"].why == f"skipped: {NO_GICV5}"
    assert made(LACKING, host=None).clauses["irq.set"].needs == ""


def all_but(*slugs: str) -> list[SpecResult]:
    return [
        SpecResult(f"for-{known.slug}", Status.PASS, (known.slug,))
        for known in asked_for(NEWEST)
        if known.slug not in slugs
    ]


def test_a_run_is_conformant_where_all_its_clauses_are() -> None:
    found = made(*all_but())
    assert found.verdict is found.here is Verdict.CONFORMANT


@pytest.mark.parametrize(
    ("last", "verdict", "here"),
    [
        (FAIL, Verdict.NOT_CONFORMANT, Verdict.NOT_CONFORMANT),
        (ERROR, Verdict.NOT_VERIFIED, Verdict.NOT_VERIFIED),
        (SKIPPED, Verdict.NOT_VERIFIED, Verdict.NOT_VERIFIED),
        (LACKING, Verdict.NOT_VERIFIED, Verdict.CONFORMANT),
        (WAIVED, Verdict.WAIVED, Verdict.WAIVED),
    ],
)
def test_a_run_is_as_good_as_its_worst_clause(
    last: SpecResult, verdict: Verdict, here: Verdict
) -> None:
    found = made(*all_but("irq.set"), last)
    assert (found.verdict, found.here) == (verdict, here)


def test_a_run_that_could_show_nothing_verified_nothing() -> None:
    lacking = [
        SpecResult(one.spec, Status.MISS, one.clauses, "the host has no PMU") for one in all_but()
    ]
    found = made(*lacking, host=load("no-pmu"))
    assert found.here is Verdict.NOT_VERIFIED
    assert Verdicts({}).verdict is Verdict.NOT_VERIFIED


def test_asked_for_are_the_clauses_of_the_revision_that_have_specs() -> None:
    slugs = {known.slug for known in asked_for(revision("linux-5.10"))}
    assert "set-pmu.absent" in slugs
    assert "set-pmu.set" not in slugs
    assert not slugs & unspecified().keys()
    assert slugs < clauses().keys()


@pytest.mark.parametrize(
    ("left_out", "why", "where"),
    [
        (LeftOut(deselected={"b": ("irq.set",)}), "specs were deselected", "b"),
        (LeftOut(not_run={"b": ("irq.get", "irq.set")}), "specs were not run", "b"),
        (LeftOut(not_collected={"f": ("irq.set",)}), "specs were not collected", "f"),
        (LeftOut(not_collected={"f": None}), "specs were not collected", "f"),
        (LeftOut(narrowed={"f": ("irq.set",)}), "not all specs may have been collected", "f"),
    ],
)
def test_what_was_left_out_leaves_its_clauses_unverified(
    left_out: LeftOut, why: str, where: str
) -> None:
    found = made(PASS, left_out=left_out).clauses["irq.set"]
    assert (found.verdict, found.why, found.specs) == (Verdict.NOT_VERIFIED, why, (where,))
    found = made(FAIL, left_out=left_out).clauses["irq.set"]
    assert (found.verdict, found.why) == (Verdict.NOT_CONFORMANT, "expected EINVAL")


def test_where_it_is_not_known_what_was_left_out_nothing_is_conformant() -> None:
    found = made(*all_but("irq.set"), FAIL, left_out=None)
    assert {one.why for one in found.having(Verdict.NOT_VERIFIED)} == {NOT_KNOWN}
    assert [one.slug for one in found.having(Verdict.NOT_CONFORMANT)] == ["irq.set"]
    assert found.having(Verdict.CONFORMANT) == []


def test_what_cites_another_clause_leaves_this_one_as_it_is() -> None:
    left = LeftOut(deselected={"b": ("irq.get",)})
    assert made(PASS, left_out=left).clauses["irq.set"].verdict is Verdict.CONFORMANT


def test_a_clause_that_this_version_does_not_know_is_asked_for() -> None:
    new = SpecResult("n", Status.FAIL, ("of.another.version",))
    assert made(*all_but(), new).verdict is Verdict.NOT_CONFORMANT
    left = LeftOut(not_run={"n": ("of.another.version",)})
    assert made(*all_but(), left_out=left).verdict is Verdict.NOT_VERIFIED


def test_specs_that_failed_and_are_of_no_clause_asked_for_are_named() -> None:
    found = made(*all_but(), SpecResult("n", Status.FAIL), FAIL, WAIVED)
    assert found.others == ("n",)


@pytest.mark.parametrize(
    ("boards", "verdict", "why"),
    [
        ([[PASS], [LACKING]], Verdict.CONFORMANT, ""),
        ([[LACKING], [PASS]], Verdict.CONFORMANT, ""),
        ([[PASS], [SKIPPED]], Verdict.CONFORMANT, ""),
        ([[PASS], [ERROR]], Verdict.CONFORMANT, ""),
        ([[PASS], [FAIL]], Verdict.NOT_CONFORMANT, "expected EINVAL"),
        ([[FAIL], [PASS], [WAIVED]], Verdict.NOT_CONFORMANT, "expected EINVAL"),
        ([[PASS], [WAIVED]], Verdict.WAIVED, "a known bug"),
        ([[PASS], [WAIVED, SKIPPED]], Verdict.WAIVED, "a known bug"),
        ([[WAIVED, SKIPPED], [SKIPPED]], Verdict.NOT_VERIFIED, "skipped: not today"),
        ([[LACKING], [LACKING]], Verdict.NOT_VERIFIED, NO_GICV5),
        ([[LACKING], [SKIPPED]], Verdict.NOT_VERIFIED, "skipped: not today"),
        ([[SKIPPED], [ERROR]], Verdict.NOT_VERIFIED, "error: the machine is gone"),
        ([[], [LACKING]], Verdict.NOT_VERIFIED, "no spec of it ran"),
        ([[INAPPLICABLE], [PASS]], Verdict.CONFORMANT, ""),
    ],
)
def test_a_kernels_clause_is_as_good_as_its_best_board_unless_one_failed(
    boards: list[list[SpecResult]], verdict: Verdict, why: str
) -> None:
    found = join([made(*ended) for ended in boards]).clauses["irq.set"]
    assert (found.verdict, found.why) == (verdict, why)


def test_what_no_board_has_is_an_excuse_only_where_all_lack_it() -> None:
    assert join([made(LACKING), made(LACKING)]).clauses["irq.set"].needs == "gicv5"
    assert join([made(LACKING), made(SKIPPED)]).clauses["irq.set"].needs == ""
    assert join([made(LACKING), made(WAIVED)]).clauses["irq.set"].needs == ""


def test_a_kernel_is_conformant_where_its_boards_have_shown_all_between_them() -> None:
    one, other = made(*all_but("irq.set"), LACKING), made(PASS)
    assert (one.verdict, other.verdict) == (Verdict.NOT_VERIFIED, Verdict.NOT_VERIFIED)
    assert join([one, other]).verdict is Verdict.CONFORMANT
    assert join([]).verdict is Verdict.NOT_VERIFIED


def test_a_clause_without_spec_for_any_board_is_asked_of_nobody() -> None:
    found = join([made(INAPPLICABLE), made(INAPPLICABLE)])
    assert found.unspecified == ("irq.set",)
    assert join([made(INAPPLICABLE), made(PASS)]).unspecified == ()


def test_a_board_that_does_not_know_what_it_left_out_can_only_make_it_worse() -> None:
    unknown, failed = made(*all_but(), left_out=None), made(FAIL, left_out=None)
    assert join([unknown]).verdict is Verdict.NOT_VERIFIED
    assert join([unknown, made(*all_but())]).verdict is Verdict.CONFORMANT
    assert join([failed, made(*all_but())]).verdict is Verdict.NOT_CONFORMANT
