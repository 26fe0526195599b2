"""``kvmpmu clauses``: the catalogue for people, for pipes and for programs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from pytest_kvmpmu import commands
from pytest_kvmpmu.data.revision import REVISIONS, detect, revision
from pytest_kvmpmu.spec import listing
from pytest_kvmpmu.spec.catalogue import REASONS, Clause, Unspecified, clauses, unspecified
from pytest_kvmpmu.spec.changes import Commit, Posting

Capture = pytest.CaptureFixture[str]
SHORT = Clause("a.b", "api.rst 4.1", "it is so", "must", "observed", REVISIONS[0], None, "")
LONG = Clause(
    "c", "vcpu.rst 1", " ".join(["word"] * 20), "may", "divergent", revision("linux-6.4"),
    revision("linux-6.5"), "another",
)  # fmt: skip


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
    assert list(rows) == [slug for slug, c in clauses().items() if c.commits or c.posting]
    assert rows["filter.ebusy.vcpu-ran"]["commits"] == [
        {
            "id": "5177fe91e4cf",
            "subject": "KVM: arm64: Do not change the PMU event filter after a VCPU has run",
            "release": "5.18",
            "stable": ["5.16.20", "5.17.3"],
        }
    ]
    assert rows["set-pmu.per-vcpu"]["posting"]["message_id"].startswith("20211115165041.")


def test_commits_are_listed_as_kernel_developers_write_them() -> None:
    made = SHORT._replace(
        commits=(
            Commit("012345678abc", "KVM: Add this", "6.4", ()),
            Commit("112345678abc", "KVM: Fix it", "7.1", ("6.12.91",)),
        ),
        commits_note="the fix came later",
        posting=Posting("series-v1", "[PATCH 0/2] This", "1@example.org"),
    )
    assert listing.changes([LONG, made], None) == [
        "a.b  (in every revision)",
        '  012345678abc ("KVM: Add this") (in v6.4)',
        '  112345678abc ("KVM: Fix it") (in v7.1; stable: 6.12.91)',
        "  posted: [PATCH 0/2] This (<1@example.org>)",
        "  note: the fix came later",
    ]
    assert all(len(line) <= 40 for line in listing.changes([made], 40))


def test_reasons_are_listed_with_their_meaning_and_their_why() -> None:
    excuses = {"a.b": Unspecified("destructive", "it hangs"), "c": Unspecified("pending", "")}
    assert listing.gaps([SHORT, LONG], excuses, None) == [
        f"pending: 1 ({REASONS['pending']})",
        "  c",
        f"destructive: 1 ({REASONS['destructive']})",
        "  a.b: it hangs",
    ]


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


def test_a_wide_terminal_gets_a_table_with_wrapped_statements() -> None:
    lines = listing.table([SHORT, LONG], 110)
    assert all(len(line) <= 110 for line in lines)
    assert lines[2].startswith("a.b   api.rst 4.1  in every revision")
    assert lines[3].startswith(
        "c     vcpu.rst 1   since linux-6.4 until linux-6.5  divergent, may  w"
    )
    assert lines[4].strip() == " ".join(["word"] * (len(lines[4].split())))


@pytest.mark.parametrize("width", [80, 40, 12, 1])
def test_a_narrow_terminal_gets_a_paragraph_for_each_clause(width: int) -> None:
    lines = listing.table([SHORT, LONG], width)
    assert lines[0] == "a.b"
    assert "".join("".join(lines).split()).endswith("word" * 20)
    assert width < 12 or all(len(line) <= width for line in lines)


@pytest.mark.parametrize(
    ("since", "until", "releases"),
    [
        ("linux-5.10", None, "from 5.10"),
        ("linux-5.10", "series-v1", "from 5.10, before 5.18"),
        ("series-v1", None, "from 5.18"),
        ("linux-6.4", "linux-6.5", "from 6.4, before 6.6"),
        ("series-v1", "series-v1", "none"),
    ],
)
def test_a_span_is_told_in_releases(since: str, until: str | None, releases: str) -> None:
    last = revision(until) if until else None
    made = Clause("a", "b", "c", "must", "documented", revision(since), last, "")
    assert made.releases == releases


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
