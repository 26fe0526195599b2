"""Loads ``clauses.toml``, one row per testable statement, with ``unspecified.toml`` and
``changes.toml`` beside it, and the files of other plugins once they are included.

Not for: whether the rows are in order (`lint`), or how they are shown (`listing`, `page`).
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..data.revision import FIRST, REVISIONS, Revision, revision
from ..errors import unknown
from . import changes
from .changes import Commit, Posting

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PATH = Path(__file__).with_name("clauses.toml")
UNSPECIFIED_PATH = Path(__file__).with_name("unspecified.toml")
SHIPPED = "pytest-kvmpmu"
LEVELS = ("must", "may")
STANDINGS = ("documented", "observed", "divergent", "proposed")

# Why a clause has no spec.
REASONS = {
    "pending": "its spec is not written yet",
    "environment": "the set-up of every spec uses it",
    "needs-hardware": "no host of the lab has the hardware",
    "needs-other-irqchip": "it needs an interrupt controller other than GICv3",
    "destructive": "testing it may harm the host",
    "not-observable": "no call shows it",
}


class Unspecified(NamedTuple):
    """Why a clause has no spec: a key of `REASONS`, and a sentence on this clause or ``""``."""

    reason: str
    why: str


class Clause(NamedTuple):
    """One statement in our own words.

    ``section`` names document and section (``vcpu.rst 1.4``).  ``standing``: documented
    (text and kernel agree), observed (no text says so), divergent (``text`` says something
    else), proposed (a posted series).  It holds from ``since`` to ``until`` inclusive.
    ``documented`` is the first revision whose text says it, if that is later.  ``commits``
    began it, ended it or documented it; ``commits_note`` explains what the releases of these
    do not.  ``posting`` is the series that ``since`` stands for.
    """

    slug: str
    section: str
    statement: str
    level: str
    standing: str
    since: Revision
    until: Revision | None
    text: str
    documented: Revision | None = None
    commits: tuple[Commit, ...] = ()
    commits_note: str = ""
    posting: Posting | None = None

    def holds_in(self, wanted: Revision) -> bool:
        """Whether the clause holds in that revision."""
        return self.since <= wanted and (self.until is None or wanted <= self.until)

    @property
    def divergent(self) -> bool:
        """Whether the text says one thing and the kernel does another."""
        return self.standing == "divergent"

    @property
    def span(self) -> str:
        """``since linux-5.18``, ``until linux-6.5``, ``series-v1 only``."""
        if self.since == self.until:
            return f"{self.since} only"
        first = f"since {self.since}" if self.since != FIRST else ""
        last = f"until {self.until}" if self.until else ""
        return " ".join(part for part in (first, last) if part) or "in every revision"

    @property
    def releases(self) -> str:
        """The kernel releases behind ``span``: ``from 6.4, before 6.7``, ``none``."""
        held = [known for known in REVISIONS if release(known) and self.holds_in(known)]
        if not held:
            return "none"
        after = next_release(held[-1])
        return f"from {release(held[0])}" + (f", before {after}" if after else "")


def release(known: Revision) -> str:
    """``6.4`` for ``linux-6.4``; empty for a posted series, which is in no release."""
    return known.name.removeprefix("linux-") if known.name.startswith("linux-") else ""


def next_release(known: Revision) -> str:
    """The release with which the next merged revision begins; empty after the newest."""
    return next((release(other) for other in REVISIONS if other > known and release(other)), "")


class Source(NamedTuple):
    """Files with clauses: one like clauses.toml; optionally one like unspecified.toml, and one
    like changes.toml with the commits that its clauses name beyond those that ship.

    ``owner`` names the plugin that they belong to; `pytest_kvmpmu.hooks` fills it in.
    """

    clauses: Path
    unspecified: Path | None = None
    owner: str = ""
    changes: Path | None = None


# What ships, then what was included.
_sources: tuple[Source, ...] = (Source(PATH, UNSPECIFIED_PATH, SHIPPED, changes.PATH),)


def include(more: tuple[Source, ...]) -> Callable[[], None]:
    """Add these sources to the catalogue of this process; calling the result removes them.

    `lint.of_source` must have no findings on them.
    """
    global _sources
    before, _sources = _sources, (*_sources, *more)

    def undo() -> None:
        global _sources
        _sources = before

    return undo


def sources() -> tuple[Source, ...]:
    """The files of the catalogue: those that ship, then those that were included."""
    return _sources


def clauses() -> Mapping[str, Clause]:
    """All clauses by slug, in the documentation's order; those of other plugins last."""
    return _clauses(sources())


@functools.cache
def _clauses(of: tuple[Source, ...]) -> Mapping[str, Clause]:
    tables = [load(source.changes) for source in of if source.changes is not None]
    commits = {name: found for table in tables for name, found in changes.commits(table).items()}
    postings = {name: found for table in tables for name, found in changes.postings(table).items()}
    return {
        slug: _clause(slug, row, commits, postings)
        for source in of
        for slug, row in load(source.clauses).items()
    }


def clause(slug: str) -> Clause:
    """The clause of that slug.  `UsageProblem` names the nearest one."""
    known = clauses()
    if slug not in known:
        raise unknown("clause", slug, known)
    return known[slug]


def unspecified() -> Mapping[str, Unspecified]:
    """The clauses without a spec, by slug, and why that is so."""
    return _unspecified(sources())


@functools.cache
def _unspecified(of: tuple[Source, ...]) -> Mapping[str, Unspecified]:
    return {
        slug: Unspecified(reason, why)
        for source in of
        if source.unspecified is not None
        for reason, rows in load(source.unspecified).items()
        for slug, why in rows.items()
    }


def load(path: Path) -> dict[str, Any]:
    """A TOML file as it is, unchecked."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _clause(
    slug: str,
    row: Mapping[str, Any],
    commits: Mapping[str, Commit],
    postings: Mapping[str, Posting],
) -> Clause:
    since = revision(row.get("since", FIRST.name))
    return Clause(
        slug=slug,
        section=row["section"],
        statement=row["statement"],
        level=row.get("level", "must"),
        standing=row.get("standing", "documented"),
        since=since,
        until=revision(row["until"]) if "until" in row else None,
        text=row.get("text", ""),
        documented=revision(row["documented"]) if "documented" in row else None,
        commits=tuple(commits[name] for name in row.get("commits", ())),
        commits_note=row.get("commits-note", ""),
        posting=postings.get(since.name),
    )
