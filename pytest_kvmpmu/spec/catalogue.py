"""Loads ``clauses.toml``, one row per testable statement, with ``unspecified.toml`` and
``changes.toml`` beside it, and the files of other plugins once they are included.

Not for: whether the rows are in order (`lint`), or how they are shown (`listing`, `page`).
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..data.revision import FIRST, REVISIONS, Revision, revision
from ..errors import unknown

if TYPE_CHECKING:
    from .changes import Commit, Posting

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PATH = Path(__file__).with_name("clauses.toml")
UNSPECIFIED_PATH = Path(__file__).with_name("unspecified.toml")
CHANGES_PATH = Path(__file__).with_name("changes.toml")
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
    ``documented`` is the first revision whose text says it, if that is later.  ``commit_ids``
    began it, ended it or documented it; ``commits_note`` explains what the releases of these
    do not.
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
    commit_ids: tuple[str, ...] = ()
    commits_note: str = ""

    @property
    def commits(self) -> tuple[Commit, ...]:
        """The commits that began it, ended it or documented it."""
        return tuple(_catalogue.commits[name] for name in self.commit_ids)

    @property
    def posting(self) -> Posting | None:
        """The posted series that ``since`` stands for, if it is one."""
        return _catalogue.postings.get(self.since.name)

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


class _Catalogue:
    """The clauses of some sources and the changes behind them, loaded when first needed."""

    def __init__(self, sources: tuple[Source, ...]) -> None:
        self.sources = sources

    @functools.cached_property
    def clauses(self) -> Mapping[str, Clause]:
        return {
            slug: _clause(slug, row)
            for source in self.sources
            for slug, row in load(source.clauses).items()
        }

    @functools.cached_property
    def _changes(self) -> list[dict[str, Any]]:
        return [load(source.changes) for source in self.sources if source.changes is not None]

    @functools.cached_property
    def commits(self) -> Mapping[str, Commit]:
        from . import changes

        return {id: one for table in self._changes for id, one in changes.commits(table).items()}

    @functools.cached_property
    def postings(self) -> Mapping[str, Posting]:
        from . import changes

        return {
            name: one for table in self._changes for name, one in changes.postings(table).items()
        }

    @functools.cached_property
    def unspecified(self) -> Mapping[str, Unspecified]:
        return {
            slug: Unspecified(reason, why)
            for source in self.sources
            if source.unspecified is not None
            for reason, rows in load(source.unspecified).items()
            for slug, why in rows.items()
        }


# Of what ships; then of what was included, too.
_catalogue = _Catalogue((Source(PATH, UNSPECIFIED_PATH, SHIPPED, CHANGES_PATH),))


def include(more: tuple[Source, ...]) -> Callable[[], None]:
    """Add these sources to the catalogue of this process; calling the result removes them.

    `lint.of_source` must have no findings on them.
    """
    global _catalogue
    before, _catalogue = _catalogue, _Catalogue((*_catalogue.sources, *more))

    def undo() -> None:
        global _catalogue
        _catalogue = before

    return undo


def sources() -> tuple[Source, ...]:
    """The files of the catalogue: those that ship, then those that were included."""
    return _catalogue.sources


def clauses() -> Mapping[str, Clause]:
    """All clauses by slug, in the documentation's order; those of other plugins last."""
    return _catalogue.clauses


def clause(slug: str) -> Clause:
    """The clause of that slug.  `UsageProblem` names the nearest one."""
    found = _catalogue.clauses.get(slug)
    if found is None:
        raise unknown("clause", slug, _catalogue.clauses)
    return found


def unspecified() -> Mapping[str, Unspecified]:
    """The clauses without a spec, by slug, and why that is so."""
    return _catalogue.unspecified


def load(path: Path) -> dict[str, Any]:
    """A TOML file as it is, unchecked."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _clause(slug: str, row: Mapping[str, Any]) -> Clause:
    return Clause(
        slug=slug,
        section=row["section"],
        statement=row["statement"],
        level=row.get("level", "must"),
        standing=row.get("standing", "documented"),
        since=revision(row.get("since", FIRST.name)),
        until=revision(row["until"]) if "until" in row else None,
        text=row.get("text", ""),
        documented=revision(row["documented"]) if "documented" in row else None,
        commit_ids=tuple(row.get("commits", ())),
        commits_note=row.get("commits-note", ""),
    )
