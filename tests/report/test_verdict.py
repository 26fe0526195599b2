"""Verdicts, from results alone."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.host import Host
from pytest_kvmpmu.report.result import SpecResult, Status
from pytest_kvmpmu.report.selection import Selection
from pytest_kvmpmu.report.verdict import RunVerdict, Verdict, asked_for, judge
from pytest_kvmpmu.revision import NEWEST, revision
from pytest_kvmpmu.spec.catalogue import clauses, unspecified
from pytest_kvmpmu.topology import load

BOARD = load("rockpro64")
NO_GICV5 = "the host has no GICv5"


def made(*ended: SpecResult, host: Host | None = BOARD) -> RunVerdict:
    return judge(ended, NEWEST, host)


def result(status: Status, reason: str = "", name: str = "a", **more: object) -> SpecResult:
    return SpecResult(name, status, ("irq.set",), reason, **more)  # type: ignore[arg-type]


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
    assert RunVerdict({}).verdict is Verdict.NOT_VERIFIED


def test_asked_for_are_the_clauses_of_the_revision_that_have_specs() -> None:
    slugs = {known.slug for known in asked_for(revision("linux-5.10"))}
    assert "set-pmu.absent" in slugs
    assert "set-pmu.set" not in slugs
    assert not slugs & unspecified().keys()
    assert slugs < clauses().keys()


CITING = Selection({"a": ("irq.set",), "b": ("irq.set",)})


def gap(selection: Selection, *ended: SpecResult) -> tuple[str, tuple[str, ...]]:
    found = judge(ended, NEWEST, BOARD, selection).clauses["irq.set"]
    return found.why, found.specs


def everywhere(specs: Selection) -> Selection:
    """That selection, of a run that collected a spec in each of our files too."""
    from pytest_kvmpmu.resources import conformance_dir

    files = {f"conformance/{p.name}::t": () for p in conformance_dir().glob("test_*.py")}
    return Selection({**files, **specs.specs}, specs.deselected, specs.narrowed)


def test_a_spec_that_was_deselected_leaves_its_clauses_unverified() -> None:
    left = Selection(CITING.specs, frozenset(["b"]))
    assert gap(everywhere(left), PASS) == ("specs were deselected", ("b",))


def test_a_spec_that_did_not_come_to_run_leaves_its_clauses_unverified() -> None:
    assert gap(everywhere(CITING), PASS) == ("specs were not run", ("b",))


def test_a_file_of_specs_that_was_not_collected_does_too() -> None:
    why, specs = gap(CITING, PASS, result(Status.PASS, name="b"))
    assert why == "specs were not collected"
    assert specs[0].startswith("conformance/test_")


def test_a_file_of_which_a_part_was_collected_does_too() -> None:
    whole = everywhere(Selection({"a": ("irq.set",)}))
    assert gap(whole, PASS) == ("", ("a",))
    part = Selection(whole.specs, narrowed=frozenset(["conformance/test_vcpu_1_1_irq.py"]))
    assert gap(part, PASS) == (
        "not all specs may have been collected",
        ("conformance/test_vcpu_1_1_irq.py",),
    )


def test_a_failure_counts_in_a_part_of_a_run_too() -> None:
    assert gap(CITING, FAIL) == ("expected EINVAL", ("a",))


def test_a_selection_travels_as_a_text() -> None:
    made = Selection({"a": ("irq.set",)}, frozenset("b"), frozenset("c"))
    assert Selection.from_json(made.to_json()) == made
