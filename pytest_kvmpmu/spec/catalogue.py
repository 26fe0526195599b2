"""Loads ``clauses.toml``: one row per testable statement."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import unknown
from ..revision import FIRST, Revision, revision

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PATH = Path(__file__).with_name("clauses.toml")
LEVELS = ("must", "may")
STANDINGS = ("documented", "observed", "divergent", "proposed")


@dataclass(frozen=True)
class Clause:
    """One statement in our own words.

    ``section`` names document and section (``vcpu.rst 1.4``).  ``standing``: documented
    (text and kernel agree), observed (no text says so), divergent (``text`` says something
    else), proposed (a posted series).  It holds from ``since`` to ``until`` inclusive.
    """

    slug: str
    section: str
    statement: str
    level: str
    standing: str
    since: Revision
    until: Revision | None
    text: str

    def holds_in(self, wanted: Revision) -> bool:
        """Whether the clause speaks of that revision."""
        return self.since <= wanted and (self.until is None or wanted <= self.until)

    @property
    def span(self) -> str:
        """``since linux-5.18``, ``until linux-6.5``, ``series-v1 only``."""
        if self.since == self.until:
            return f"{self.since} only"
        first = f"since {self.since}" if self.since != FIRST else ""
        last = f"until {self.until}" if self.until else ""
        return " ".join(part for part in (first, last) if part) or "in every revision"


@functools.cache
def clauses() -> Mapping[str, Clause]:
    """All clauses by slug, in the documentation's order."""
    table = tomllib.loads(PATH.read_text(encoding="utf-8"))
    return {slug: _clause(slug, row) for slug, row in table.items()}


def clause(slug: str) -> Clause:
    """The clause of that slug.  `UsageProblem` names the nearest one."""
    if slug not in clauses():
        raise unknown("clause", slug, clauses())
    return clauses()[slug]


def _clause(slug: str, row: Mapping[str, str]) -> Clause:
    return Clause(
        slug=slug,
        section=row["section"],
        statement=row["statement"],
        level=row.get("level", "must"),
        standing=row.get("standing", "documented"),
        since=revision(row.get("since", FIRST.name)),
        until=revision(row["until"]) if "until" in row else None,
        text=row.get("text", ""),
    )
