"""The catalogue for people: tables, paragraphs, and reasons."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.revision import REVISIONS, revision
from pytest_kvmpmu.spec import listing
from pytest_kvmpmu.spec.catalogue import REASONS, Clause, Unspecified

SHORT = Clause("a.b", "api.rst 4.1", "it is so", "must", "observed", REVISIONS[0], None, "")


LONG = Clause(
    "c", "vcpu.rst 1", " ".join(["word"] * 20), "may", "divergent", revision("linux-6.4"),
    revision("linux-6.5"), "another",
)  # fmt: skip


def test_commits_are_listed_as_kernel_developers_write_them() -> None:
    made = SHORT._replace(
        since=revision("series-v1"),
        commit_ids=("6ee7fca2a4a0", "5177fe91e4cf"),
        commits_note="the fix came later",
    )
    assert listing.changes([LONG, made], None) == [
        "a.b  (since series-v1)",
        '  6ee7fca2a4a0 ("KVM: arm64: Add KVM_ARM_VCPU_PMU_V3_SET_PMU attribute") (in v5.18)',
        '  5177fe91e4cf ("KVM: arm64: Do not change the PMU event filter after a VCPU has run")'
        " (in v5.18; stable: 5.16.20, 5.17.3)",
        "  posted: [PATCH 0/4] KVM: arm64: Improve PMU support on heterogeneous systems"
        " (<20211115165041.194884-1-alexandru.elisei@arm.com>)",
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
