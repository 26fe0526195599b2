"""Each change in the catalogue has its commit, or a note says why not; the lint finds the rest."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.spec import catalogue
from pytest_kvmpmu.spec.catalogue import Source
from pytest_kvmpmu.spec.findings import Finding
from pytest_kvmpmu.spec.lint import of_source
from pytest_kvmpmu.spec.lint_changes import of_changes, of_commits, of_postings

ID = "012345678abc"
COMMIT = {"subject": "KVM: Add this", "release": "6.4"}
POSTING = {"subject": "[PATCH 0/2] This", "message-id": "1@example.org"}
OTHER = {"subject": "KVM: Fix it", "release": "7.1"}


def said(findings: Iterable[Finding]) -> list[str]:
    return [str(finding) for finding in findings]


def test_a_file_in_order_gives_no_finding() -> None:
    commit = {**COMMIT, "stable": ["6.1.9", "6.12.91"]}
    assert said(of_changes({"commits": {ID: commit}, "postings": {"series-v1": POSTING}})) == []
    assert said(of_changes({})) == []


@pytest.mark.parametrize(
    ("table", "what"),
    [
        ({"x": {}}, "x: unknown table in changes.toml; known: commits, postings"),
        ({"commits": 1}, "commits: is not a table in changes.toml"),
        ({"commits": {ID: 1}}, f"{ID}: is not a table"),
        ({"commits": {"012345678ABC": COMMIT}}, "012345678ABC: a commit's id is its first 12"),
        ({"commits": {"012345678ab": COMMIT}}, "012345678ab: a commit's id is its first 12"),
        ({"commits": {ID: {"release": "6.4"}}}, f"{ID}: subject is missing"),
        ({"commits": {ID: {"subject": "x"}}}, f"{ID}: release is missing"),
        ({"commits": {ID: {**COMMIT, "x": 1}}}, f"{ID}: unknown key 'x'; known: subject, release"),
        ({"commits": {ID: {**COMMIT, "subject": ""}}}, f"{ID}: subject is not a line of text"),
        ({"commits": {ID: {**COMMIT, "release": "v6.4"}}}, f"{ID}: release is not of the form"),
        ({"commits": {ID: {**COMMIT, "release": 6.4}}}, f"{ID}: release is not of the form"),
        ({"commits": {ID: {**COMMIT, "stable": ["6.4"]}}}, f"{ID}: stable is not a list of"),
        ({"commits": {ID: {**COMMIT, "stable": "6.4.1"}}}, f"{ID}: stable is not a list of"),
        ({"postings": {"linux-6.4": POSTING}}, "linux-6.4: is not the revision of a posted"),
        (
            {"postings": {"series-v1": {**POSTING, "message-id": "<1@a>"}}},
            "series-v1: message-id is not of the form local@domain",
        ),
    ],
)
def test_a_file_has_known_tables_keys_and_values(table: dict[str, Any], what: str) -> None:
    (finding,) = said(of_changes(table))
    assert finding.startswith(what)


def test_each_posted_series_has_its_posting() -> None:
    found = said(of_postings({"postings": {"series-v1": POSTING, "series-v3": POSTING}}))
    assert found == ["series-v2: a posted series, and changes.toml has no posting of it"]


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ({}, None),
        ({"commits": [ID]}, None),  # it has no end that the release could fit
        ({"since": "linux-6.4", "commits": [ID]}, None),
        ({"until": "linux-6.2", "commits": [ID]}, None),
        ({"since": "linux-6.2", "until": "linux-6.2", "commits": [ID]}, "no commit of 6.2"),
        ({"since": "linux-6.4"}, "no commit of 6.4, and no commits-note says why"),
        ({"since": "linux-6.4", "commits-note": "it is unknown"}, None),
        ({"since": "linux-6.5", "commits": [ID]}, "no commit of 6.5"),
        ({"since": "linux-6.5", "commits": [ID], "commits-note": "it is old"}, None),
        ({"since": "linux-6.4", "documented": "linux-6.7", "commits": [ID]}, "no commit of 6.7"),
        ({"since": "series-v1"}, "no commit of 5.18"),
        ({"since": "series-v1", "until": "series-v2"}, None),
        ({"until": "series-v2"}, "no commit of 5.18"),
        (
            {"since": "linux-6.4", "commits": [ID], "commits-note": "it is known"},
            "commits-note has nothing to explain",
        ),
        ({"since": "linux-6.4", "commits": [ID, ID]}, f"names the commit {ID} twice"),
        ({"since": "linux-6.4", "commits": ["1"]}, "its commit 1 is not in changes.toml"),
        ({"since": "linux-1.0"}, None),  # that is for the other lint to say
    ],
)
def test_each_end_of_a_clause_has_a_commit_of_its_release(
    row: dict[str, Any], what: str | None
) -> None:
    rows = {"a": row, "user": {"since": "linux-6.4", "commits": [ID]}}
    found = said(of_commits(rows, {"commits": {ID: COMMIT}}))
    assert [line.startswith(f"a: {what}") for line in found][:1] == ([] if what is None else [True])


def test_each_commit_is_of_an_end_of_its_clause() -> None:
    table = {"commits": {ID: COMMIT, "112345678abc": OTHER}}
    row = {"since": "linux-6.4", "commits": [ID, "112345678abc"]}
    assert said(of_commits({"a": row}, table)) == [
        "a: its commit 112345678abc is of 7.1, not of 6.4, and no commits-note says why"
    ]
    assert said(of_commits({"a": {**row, "commits-note": "it is a fix"}}, table)) == []


def test_a_commit_is_used() -> None:
    assert said(of_commits({}, {"commits": {ID: COMMIT}})) == [
        f"{ID}: is in changes.toml, and no clause names it"
    ]


MINE = '["mine.api"]\nsection = "mine.rst 1"\nstatement = "it answers"\nsince = "linux-5.18"\n'
CHANGES = f'[commits.{ID}]\nsubject = "mine: Add it"\nrelease = "5.18"\n'


@pytest.fixture
def source(tmp_path: Path) -> Source:
    made = Source(tmp_path / "clauses.toml", changes=tmp_path / "changes.toml")
    made.clauses.write_text(f'{MINE}commits = ["{ID}", "6ee7fca2a4a0"]\n')
    assert made.changes is not None
    made.changes.write_text(CHANGES)
    return made


def test_another_plugins_clauses_name_its_commits_and_those_that_ship(source: Source) -> None:
    assert of_source(source) == []
    undo = catalogue.include((source,))
    try:
        found = catalogue.clause("mine.api").commits
    finally:
        undo()
    assert [commit.subject for commit in found] == [
        "mine: Add it",
        "KVM: arm64: Add KVM_ARM_VCPU_PMU_V3_SET_PMU attribute",
    ]


def test_another_plugins_clauses_need_no_commits(source: Source) -> None:
    source.clauses.write_text(MINE)
    assert of_source(Source(source.clauses)) == []


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        (CHANGES.replace("5.18", "x"), f"{ID}: release is not of the form 5.18"),
        (CHANGES.replace(ID, "2" * 12), f"mine.api: its commit {ID} is not in changes.toml"),
        (
            CHANGES + CHANGES.replace(ID, "6ee7fca2a4a0"),
            "6ee7fca2a4a0: is in the changes.toml that",
        ),
    ],
)
def test_another_plugins_changes_are_held_to_the_same_form(
    changes: str, what: str, source: Source
) -> None:
    assert source.changes is not None
    source.changes.write_text(changes)
    assert said(of_source(source))[0].startswith(what)


def test_another_plugins_changes_are_a_path(source: Source) -> None:
    wrong: Any = "changes.toml"
    assert said(of_source(source._replace(changes=wrong))) == ["changes: is not a path"]
