"""The catalogue passes its lint, and the lint finds what it is for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from pytest_kvmpmu.model.table import always, refuse
from pytest_kvmpmu.spec.citations import Citation
from pytest_kvmpmu.spec.findings import Finding
from pytest_kvmpmu.spec.lint import lint, of_excuses, of_model, of_rows, of_specs
from pytest_kvmpmu.uapi.errno import Errno

ROW = {"section": "vcpu.rst 1.4", "statement": "SET_PMU takes an id"}


def said(findings: Iterable[Finding]) -> list[str]:
    return [str(finding) for finding in findings]


def test_the_catalogue_the_model_and_the_specs_fit_together() -> None:
    assert said(lint()) == []


def test_a_row_in_order_gives_no_finding() -> None:
    row = {**ROW, "standing": "divergent", "text": "EBUSY", "since": "linux-5.18", "level": "may"}
    late = {**ROW, "statement": "another", "until": "linux-7.1", "documented": "linux-7.1"}
    assert said(of_rows({"set-pmu.a2-b.c": row, "d": late})) == []


@pytest.mark.parametrize("slug", ["", "Set-pmu", "set_pmu", "set-pmu.", ".a", "a--b", "a b"])
def test_a_slug_has_its_form(slug: str) -> None:
    (finding,) = of_rows({slug: ROW})
    assert "a slug is lower-case words" in finding.what


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"note": "x"}, "unknown key 'note'; known: section, statement, level"),
        ({"commits": "6ee7fca2a4a0"}, "commits is not a list of ids"),
        ({"commits": [1]}, "commits is not a list of ids"),
        ({"commits-note": "Why."}, "commits-note is not one sentence without a full stop"),
        ({"level": "shall"}, "unknown level 'shall'; known: must, may"),
        ({"standing": "wrong"}, "unknown standing 'wrong'; known: documented, observed"),
        ({"standing": "divergent"}, "every divergent clause has a text"),
        ({"text": "EBUSY"}, "every divergent clause has a text"),
        ({"since": "linux-1.0"}, "since or until is not a revision"),
        ({"until": "6.7"}, "since or until is not a revision"),
        ({"since": "linux-6.7", "until": "linux-5.18"}, "since linux-6.7 comes after until"),
        ({"documented": "6.7"}, "documented is not a revision"),
        ({"documented": "linux-5.10"}, "documented linux-5.10 is not within its revisions"),
        (
            {"until": "linux-6.5", "documented": "linux-6.7"},
            "documented linux-6.7 is not within its revisions",
        ),
        (
            {"standing": "observed", "documented": "linux-6.7"},
            "only documented clauses have documented, and this one is observed",
        ),
        ({"standing": "proposed"}, "a proposed clause ends with its series"),
        ({"standing": "proposed", "until": "linux-6.4"}, "a proposed clause ends with its"),
        ({"section": "kvm.rst 1.4"}, "section is not a document with a number"),
        ({"section": "vcpu.rst one"}, "section is not a document with a number"),
        ({"statement": ""}, "statement is not text"),
        ({"statement": 12}, "statement is not text"),
        ({"statement": "It works."}, "statement is not one sentence without a full stop"),
        ({"statement": "It works. It runs"}, "statement is not one sentence"),
        ({"statement": "two\nlines"}, "statement is not one sentence"),
        ({"statement": "it should work"}, "statement says what should be, not what is"),
    ],
)
def test_a_row_has_known_keys_and_values(change: dict[str, Any], what: str) -> None:
    (finding,) = of_rows({"set-pmu": {**ROW, **change}})
    assert finding.slug == "set-pmu"
    assert finding.what.startswith(what)


@pytest.mark.parametrize("key", ["section", "statement"])
def test_section_and_statement_are_required(key: str) -> None:
    row = {name: value for name, value in ROW.items() if name != key}
    assert said(of_rows({"set-pmu": row})) == [f"set-pmu: {key} is missing"]


def test_no_statement_is_made_twice() -> None:
    assert said(of_rows({"a": ROW, "b": ROW})) == [
        "a: another clause has the same statement",
        "b: another clause has the same statement",
    ]


@pytest.mark.parametrize(
    ("clause", "row", "fits"),
    [
        ((None, None), ("linux-5.10", None), True),
        (("linux-5.18", None), ("linux-6.4", "linux-6.5"), True),
        (("linux-5.18", "linux-6.5"), ("linux-5.18", "linux-6.5"), True),
        (("linux-5.18", None), ("linux-5.10", None), False),
        (("linux-5.18", "linux-6.5"), ("linux-5.18", None), False),
        (("linux-5.18", "linux-6.5"), ("linux-5.18", "linux-6.7"), False),
    ],
)
def test_a_row_of_the_model_stays_within_its_clauses_revisions(
    clause: tuple[str | None, str | None], row: tuple[str, str | None], fits: bool
) -> None:
    span = {key: name for key, name in zip(("since", "until"), clause, strict=True) if name}
    table = (refuse(always, Errno.EBUSY, "set-pmu", *row),)
    found = said(of_model({"set-pmu": {**ROW, **span}}, {("KVM_RUN", "vcpu"): table}))
    assert (found == []) == fits
    assert all("a row of the model's KVM_RUN on a vcpu holds from" in line for line in found)


def test_a_row_of_the_model_names_a_clause_that_exists() -> None:
    table = (refuse(always, Errno.EBUSY, "gone"),)
    assert said(of_model({}, {("KVM_RUN", "vcpu"): table})) == [
        "gone: a row of the model's KVM_RUN on a vcpu cites it, but the clause does not exist"
    ]


def test_a_spec_names_clauses_that_exist_and_writes_them_out() -> None:
    cited = [Citation(("gone",), "test_a.py:1"), Citation((), "test_a.py:2", literal=False)]
    assert said(of_specs({}, cited)) == [
        "gone: test_a.py:1 cites it, but the clause does not exist",
        "?: test_a.py:2 does not write out its slugs",
    ]


def test_the_clauses_of_one_marker_hold_in_a_common_revision() -> None:
    rows = {"old": {**ROW, "until": "linux-5.18"}, "new": {**ROW, "since": "linux-6.4"}, "all": ROW}
    apart = [
        Citation(("old", "all", "new"), "test_a.py:1"),
        Citation(("all", "new"), "test_a.py:2"),
    ]
    assert said(of_specs(rows, apart)) == ["old, all, new: test_a.py:1: no revision has them all"]


def test_a_clause_has_a_spec_or_a_reason() -> None:
    rows = {"with-spec": ROW, "with-reason": ROW, "with-neither": ROW}
    cited = [Citation(("with-spec",), "test_a.py:1")]
    assert said(of_excuses(rows, cited, {"pending": {"with-reason": ""}})) == [
        "with-neither: no spec cites it, and unspecified.toml gives no reason"
    ]


def test_a_reason_does_not_outlive_its_cause() -> None:
    cited = [Citation(("has-spec",), "test_a.py:1")]
    excuses = {
        "pending": {"has-spec": "", "gone": "", "twice": "ends."},
        "too-late": {"twice": ""},
    }
    assert said(of_excuses({"has-spec": ROW, "twice": ROW}, cited, excuses)) == [
        "twice: its why in unspecified.toml is not text without a full stop",
        "too-late: unknown reason; known: pending, environment, needs-hardware,"
        " needs-other-irqchip, destructive, not-observable",
        "has-spec: is in unspecified.toml, but a spec cites it",
        "gone: is in unspecified.toml, but the clause does not exist",
        "twice: is in unspecified.toml twice",
    ]
