"""``kvmpmu clauses``: the catalogue for people, for pipes and for programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from pytest_kvmpmu import commands
from pytest_kvmpmu.data.revision import detect
from pytest_kvmpmu.spec import listing
from pytest_kvmpmu.spec.catalogue import REASONS, clauses, unspecified

Capture = pytest.CaptureFixture[str]


def loaded(capsys: Capture, *args: str) -> dict[str, Any]:
    """The document that the command prints."""
    assert commands.main(["clauses", "--json", *args]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def slugs(document: dict[str, Any]) -> list[str]:
    return [row["slug"] for row in document["clauses"]]


def test_without_a_terminal_each_clause_is_one_line(capsys: Capture) -> None:
    assert commands.main(["clauses"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == list(listing.HEADINGS)
    assert [line.split()[0] for line in lines[2:]] == list(clauses())
    assert all(c.statement in line for c, line in zip(clauses().values(), lines[2:], strict=True))


def test_the_document_has_its_version_and_all_clauses_with_the_same_keys(capsys: Capture) -> None:
    document = loaded(capsys)
    assert list(document) == ["format", "version", "kernel", "clauses"]
    assert (document["format"], document["version"], document["kernel"]) == (
        "kvmpmu-clauses",
        listing.VERSION,
        None,
    )
    assert slugs(document) == list(clauses())
    keys = (
        "slug section statement level standing since until documented releases text"
        " commits commits_note posting unspecified"
    )
    assert {" ".join(row) for row in document["clauses"]} == {keys}


@pytest.mark.parametrize("name", ["series-v1", "5.10", "linux-6.7", "6.12.107+deb13-arm64"])
def test_kernel_keeps_what_holds_there(name: str, capsys: Capture) -> None:
    wanted = detect(name).revision
    document = loaded(capsys, "--kernel", name)
    assert document["kernel"] == wanted.name
    assert slugs(document) == [slug for slug, c in clauses().items() if c.holds_in(wanted)]


def test_a_kernel_newer_than_any_seen_is_said_on_standard_error(capsys: Capture) -> None:
    assert commands.main(["clauses", "--kernel", "99.1"]) == 0
    assert "99.1: newer than" in capsys.readouterr().err


def test_divergent_keeps_what_differs_and_says_how(capsys: Capture) -> None:
    differing = [c for c in clauses().values() if c.divergent]
    assert slugs(loaded(capsys, "--divergent")) == [c.slug for c in differing]
    assert commands.main(["clauses", "--divergent"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for n, c in enumerate(differing):
        assert lines[3 * n : 3 * n + 3] == [
            f"{c.slug}  ({c.section}; kernel releases: {c.releases})",
            f"  text:   {c.text}",
            f"  kernel: {c.statement}",
        ]


def test_unspecified_keeps_what_no_spec_checks(capsys: Capture) -> None:
    document = loaded(capsys, "--unspecified")
    assert set(slugs(document)) == set(unspecified())
    assert {row["unspecified"]["reason"] for row in document["clauses"]} <= set(REASONS)


def test_commits_keeps_what_a_change_began_or_ended_and_names_it(capsys: Capture) -> None:
    document = loaded(capsys, "--commits")
    rows = {row["slug"]: row for row in document["clauses"]}
    assert list(rows) == [
        slug for slug, c in clauses().items() if c.commits or c.commits_note or c.posting
    ]
    assert rows["filter.ebusy.vcpu-ran"]["commits"] == [
        {
            "id": "5177fe91e4cf",
            "subject": "KVM: arm64: Do not change the PMU event filter after a VCPU has run",
            "release": "5.18",
            "stable": ["5.16.20", "5.17.3"],
        }
    ]
    assert rows["set-pmu.per-vcpu"]["posting"]["message_id"].startswith("20211115165041.")


def test_markdown_prints_the_page(capsys: Capture) -> None:
    assert commands.main(["clauses", "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("# Clauses\n")


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--kernel", "nonsense"], "unknown kernel revision 'nonsense'"),
        (["--kernel", ""], "unknown kernel revision ''"),
        (["--kernel", "4.9"], "kernel 4.9 is older than linux-5.10"),
        (["--markdown", "--divergent"], "--markdown prints the whole page"),
        (["--markdown", "--commits"], "--markdown prints the whole page"),
        (["--markdown", "--kernel", "6.1"], "--markdown prints the whole page"),
        (["--markdown", "--json"], "not allowed with argument"),
        (["--divergent", "--unspecified"], "not allowed with argument"),
        (["more"], "unrecognized arguments: more"),
    ],
)
def test_what_makes_no_sense_is_one_error_with_exit_code_4(
    args: list[str], words: str, capsys: Capture
) -> None:
    try:
        status: object = commands.main(["clauses", *args])
    except SystemExit as left:
        status = left.code
    out, err = capsys.readouterr()
    assert (status, out) == (4, "")
    assert words in err
    assert err.count("\n") == 1


def test_a_reader_that_stops_early_is_no_error() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-c", "from pytest_kvmpmu.commands import main; main(['clauses'])"],
            stdout=write,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
