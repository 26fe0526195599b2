"""KTAP, as a strict parser reads it."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.report.pages.ktap import ktap
from pytest_kvmpmu.report.results.result import SpecResult, Status

from ..ktap_parser import BadKtap, Case, parse
from ..runs import report, reports, result

HUNG = ({"call": {"call": "KVM_RUN"}, "outcome": {"ret": -1, "timed_out": True}},)
# What is reported about a spec: its result, and its line.
CASES: list[tuple[SpecResult, tuple[bool, str, str]]] = [
    (result("f::t"), (True, "", "")),
    (
        result("f::t", Status.FAIL, reason="expected ENXIO"),
        (False, "", "expected ENXIO"),
    ),
    (result("f::t", Status.FAIL, reason="SKIP is no word"), (False, "", "- SKIP is no word")),
    (result("f::t", Status.FAIL, reason="hung", calls=HUNG), (False, "TIMEOUT", "hung")),
    (result("f::t", Status.FAIL, reason="x", waived="a bug"), (True, "XFAIL", "a bug")),
    (result("f::t", Status.ERROR, reason="two\nlines"), (False, "ERROR", "two lines")),
    (
        result("f::t", Status.MISS, reason="no PMU"),
        (False, "SKIP", "not verified: no PMU"),
    ),
    (result("f::t", Status.SKIP, reason="x"), (True, "SKIP", "not applicable: x")),
]


@pytest.mark.parametrize(("one", "expected"), CASES)
def test_each_status_has_its_result_and_directive(
    one: SpecResult, expected: tuple[bool, str, str]
) -> None:
    ((file,),) = [parse(ktap(report(one)))]
    (test,) = file.tests
    assert (test.ok, test.directive, test.diagnostic) == expected
    assert (file.description, test.description) == ("f", "t")


def test_specs_are_nested_in_their_files() -> None:
    text = ktap(report(result("b.py::x"), result("a.py::z"), result("a.py::y")))
    assert [(one.description, [t.description for t in one.tests]) for one in parse(text)] == [
        ("a.py", ["y", "z"]),
        ("b.py", ["x"]),
    ]
    assert text.splitlines()[2].startswith("# kernel 6.12, board rockpro64, backend model")


def test_a_file_is_not_ok_if_a_spec_in_it_failed_and_skipped_if_all_were() -> None:
    text = ktap(
        report(
            result("a::x", Status.FAIL),
            result("a::y"),
            result("b::x", Status.MISS),
            result("b::y", Status.SKIP),
            result("c::x", Status.MISS),
            result("c::y"),
        )
    )
    assert [(one.ok, one.directive) for one in parse(text)] == [
        (False, ""),
        (True, "SKIP"),
        (True, ""),
    ]


def test_a_failure_has_its_clauses_before_it() -> None:
    (file,) = parse(ktap(report(result("a::x", Status.FAIL, "set-pmu.set", "irq.set"))))
    assert file.tests[0].notes == ("clauses: set-pmu.set irq.set",)


def test_a_run_that_ended_early_is_an_error_in_the_end() -> None:
    tests = parse(ktap(report(result("a::x"), partial="ended early")))
    assert [(one.ok, one.directive, one.diagnostic) for one in tests] == [
        (True, "", ""),
        (False, "ERROR", "ended early"),
    ]


def test_a_run_of_no_spec_has_an_empty_plan() -> None:
    assert parse(ktap(report())) == []


def test_a_hash_sign_in_a_name_ends_no_description() -> None:
    ((file,),) = [parse(ktap(report(result("f::t[a#b]"))))]
    assert file.tests[0].description == "t[a_b]"


def test_reports_of_runs_are_ktap(pytester: pytest.Pytester) -> None:
    directives = set()
    for one in reports(pytester):
        found = [test for file in parse(ktap(one)) for test in file.tests]
        assert len(found) == len(one.results)
        directives |= {test.directive for test in found}
    assert directives == {"SKIP", "ERROR", "XFAIL", ""}


GOOD = "KTAP version 1\n1..1\n  KTAP version 1\n  1..1\n  # note\n  ok 1 t # SKIP why\nok 1 f\n"


def test_the_parser_reads_nested_tests() -> None:
    nested = Case(True, "t", "SKIP", "why", ("note",))
    assert parse(GOOD) == [Case(True, "f", "", "", (), [nested])]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("KTAP version 1\n1..1\n  K", "TAP version 13\n1..1\n  K"),
        ("1..1\n  KTAP", "1..2\n  KTAP"),
        ("1..1\n  KTAP", "  KTAP"),
        ("  ok 1", "  ok 2"),
        ("  ok 1", " ok 1"),
        ("  ok 1", "  maybe 1"),
        ("  ok 1 t # SKIP why", "  not ok 1 t"),
        ("  ok 1 t # SKIP", "  ok 1 t # ERROR"),
        ("  # note", "  note"),
        ("ok 1 f\n", "ok 1 f\nok 2 g\n"),
        ("ok 1 f\n", "ok 1 f"),
    ],
)
def test_the_parser_is_strict(old: str, new: str) -> None:
    assert old in GOOD
    with pytest.raises(BadKtap):
        parse(GOOD.replace(old, new))
