"""The clause catalogue: well formed, and every clause is put to use."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu import model
from pytest_kvmpmu.data.revision import REVISIONS, Revision, revision
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.spec import catalogue
from pytest_kvmpmu.spec.catalogue import Clause, clause, clauses, unspecified
from pytest_kvmpmu.support.resources import conformance_dir

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

RAW: dict[str, dict[str, Any]] = tomllib.loads(catalogue.PATH.read_text(encoding="utf-8"))
KEYS = {"section", "statement", "level", "standing", "since", "until", "documented", "text"}
KEYS |= {"commits", "commits-note"}
every_row = pytest.mark.parametrize(("slug", "row"), RAW.items(), ids=list(RAW))


def cited(path: Path) -> Iterator[str]:
    """The slugs in the kvmpmu_clause markers of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("kvmpmu_clause"):
            for arg in node.args:
                assert isinstance(arg, ast.Constant), f"{path}: write the slug out"
                yield str(arg.value)


SPECS = sorted(conformance_dir().glob("**/test_*.py"))
IN_SPECS = {slug for path in SPECS for slug in cited(path)}
IN_MODEL = {row.clause for table in model.TABLES.values() for row in table}


@every_row
def test_a_row_has_known_keys_and_strings_for_values(slug: str, row: dict[str, Any]) -> None:
    assert set(row) <= KEYS
    assert {"section", "statement"} <= set(row)
    assert all(isinstance(value, str) and value for key, value in row.items() if key != "commits")


@every_row
def test_a_clause_has_the_commits_that_its_row_names(slug: str, row: dict[str, Any]) -> None:
    assert [commit.id for commit in clause(slug).commits] == row.get("commits", [])


@every_row
def test_a_row_has_a_known_level_standing_and_span(slug: str, row: dict[str, Any]) -> None:
    found = clause(slug)
    assert found.slug == slug
    assert found.level in catalogue.LEVELS
    assert found.standing in catalogue.STANDINGS
    assert found.until is None or found.since <= found.until


@every_row
def test_the_text_that_says_otherwise_is_given_where_there_is_one(
    slug: str, row: dict[str, Any]
) -> None:
    assert bool(clause(slug).text) == (clause(slug).standing == "divergent")


@every_row
def test_a_statement_is_one_present_tense_sentence(slug: str, row: dict[str, Any]) -> None:
    statement = row["statement"]
    assert "should" not in statement.split()
    assert not statement.endswith(".")
    assert "\n" not in statement


def test_no_statement_is_made_twice() -> None:
    statements = [row["statement"] for row in RAW.values()]
    assert len(set(statements)) == len(statements)


def test_the_catalogue_keeps_the_files_order() -> None:
    assert list(clauses()) == list(RAW)


@pytest.mark.parametrize("slug", sorted(RAW))
def test_a_clause_is_cited_by_a_spec_or_by_the_model_or_says_why_not(slug: str) -> None:
    assert slug in IN_SPECS | IN_MODEL | set(unspecified())


def test_specs_cite_known_clauses_only() -> None:
    assert SPECS
    assert set(RAW) >= IN_SPECS


def test_a_clause_proposed_by_a_series_ends_with_it() -> None:
    for found in clauses().values():
        if found.standing == "proposed":
            assert found.until is not None
            assert found.until.name.startswith("series-")


def test_an_unknown_slug_gets_the_nearest() -> None:
    with pytest.raises(UsageProblem, match=r"'set-pmu\.enxo'.*Did you mean 'set-pmu\.enxio'"):
        clause("set-pmu.enxo")


FIRST, V1, MERGED = revision("linux-5.10"), revision("series-v1"), revision("linux-5.18")


@pytest.mark.parametrize(
    ("since", "until", "span"),
    [
        (FIRST, None, "in every revision"),
        (MERGED, None, "since linux-5.18"),
        (FIRST, MERGED, "until linux-5.18"),
        (V1, MERGED, "since series-v1 until linux-5.18"),
        (V1, V1, "series-v1 only"),
        (FIRST, FIRST, "linux-5.10 only"),
    ],
)
def test_a_span_is_said_in_words(since: Revision, until: Revision | None, span: str) -> None:
    found = Clause("a", "b", "c", "must", "documented", since, until, "")
    assert found.span == span
    assert [known for known in REVISIONS if found.holds_in(known)] == [
        known for known in REVISIONS if known >= since and (until is None or known <= until)
    ]
