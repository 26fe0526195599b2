"""The catalogue as text for a terminal or a pipe, and as one JSON document.

Not for: which clauses (the callers choose), or the page of the documentation (`page`).
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from .catalogue import REASONS, Clause, Unspecified

FORMAT = "kvmpmu-clauses"
# 2: each clause has commits, commits_note and posting.
VERSION = 2

HEADINGS = ("slug", "section", "revisions", "standing", "statement")
GAP = "  "
# A statement in a narrower column than this reads badly.
NARROWEST = 36


def table(chosen: Sequence[Clause], width: int | None) -> list[str]:
    """The lines of a table.  ``width`` is the terminal's in columns.

    Without a width, each clause is one line.  If the terminal is too narrow for a table, each
    clause is a paragraph.
    """
    cells = [(c.slug, c.section, c.span, standing(c), c.statement) for c in chosen]
    widths = [max(map(len, column)) for column in zip(HEADINGS, *cells, strict=True)]
    room = None if width is None else width - sum(widths[:-1]) - len(GAP) * (len(widths) - 1)
    if width is not None and room is not None and room < min(widths[-1], NARROWEST):
        return [line for c in chosen for line in _paragraph(c, width)]
    rules = tuple("-" * size for size in (*widths[:-1], len(HEADINGS[-1])))
    return [line for row in (HEADINGS, rules, *cells) for line in _row(row, widths, room)]


def divergences(chosen: Sequence[Clause], width: int | None) -> list[str]:
    """What the text says and what kernels do, for the divergent clauses of ``chosen``."""
    out = []
    for c in chosen:
        if c.divergent:
            out.append(f"{c.slug}  ({c.section}; kernel releases: {c.releases})")
            out += _wrap(f"text:   {c.text}", GAP, GAP + 8 * " ", width)
            out += _wrap(f"kernel: {c.statement}", GAP, GAP + 8 * " ", width)
    return out


def changes(chosen: Sequence[Clause], width: int | None) -> list[str]:
    """The commits and the posted series behind the clauses of ``chosen`` that have any."""
    out = []
    for c in chosen:
        if has_changes(c):
            out.append(f"{c.slug}  ({c.span})")
            out += [line for one in c.commits for line in _wrap(str(one), GAP, 2 * GAP, width)]
            if c.posting:
                out += _wrap(f"posted: {c.posting}", GAP, 2 * GAP, width)
            if c.commits_note:
                out += _wrap(f"note: {c.commits_note}", GAP, 2 * GAP, width)
    return out


def has_changes(c: Clause) -> bool:
    """Whether there is a commit, a posted series or a note on commits."""
    return bool(c.commits or c.posting or c.commits_note)


def gaps(
    chosen: Sequence[Clause], excuses: Mapping[str, Unspecified], width: int | None
) -> list[str]:
    """The clauses of ``chosen`` that have no spec, by reason, and each reason's meaning."""
    out: list[str] = []
    for reason, meaning in REASONS.items():
        mine = [c for c in chosen if c.slug in excuses and excuses[c.slug].reason == reason]
        if mine:
            out += _wrap(f"{reason}: {len(mine)} ({meaning})", "", GAP, width)
        for c in mine:
            why = excuses[c.slug].why
            out += _wrap(f"{c.slug}: {why}" if why else c.slug, GAP, 2 * GAP, width)
    return out


def document(
    chosen: Sequence[Clause], excuses: Mapping[str, Unspecified], kernel: str | None
) -> str:
    """One JSON document: always the same keys in the same order.

    ``kernel`` is the revision for which the clauses were chosen, or None for all.
    """
    whole = {
        "format": FORMAT,
        "version": VERSION,
        "kernel": kernel,
        "clauses": [_json(c, excuses.get(c.slug)) for c in chosen],
    }
    return json.dumps(whole, indent=2, ensure_ascii=False)


def standing(c: Clause) -> str:
    """The standing, since when the text says so, and the level unless it is must."""
    since = f" since {c.documented}" if c.documented else ""
    return f"{c.standing}{since}" if c.level == "must" else f"{c.standing}{since}, {c.level}"


def _json(c: Clause, excuse: Unspecified | None) -> dict[str, Any]:
    return {
        "slug": c.slug,
        "section": c.section,
        "statement": c.statement,
        "level": c.level,
        "standing": c.standing,
        "since": c.since.name,
        "until": c.until.name if c.until else None,
        "documented": c.documented.name if c.documented else None,
        "releases": c.releases,
        "text": c.text or None,
        "commits": [
            {"id": n.id, "subject": n.subject, "release": n.release, "stable": list(n.stable)}
            for n in c.commits
        ],
        "commits_note": c.commits_note or None,
        "posting": c.posting._asdict() if c.posting else None,
        "unspecified": {"reason": excuse.reason, "why": excuse.why or None} if excuse else None,
    }


def _row(cells: Sequence[str], widths: Sequence[int], room: int | None) -> list[str]:
    start = "".join(
        cell.ljust(size) + GAP for cell, size in zip(cells[:-1], widths[:-1], strict=True)
    )
    said = [cells[-1]] if room is None else textwrap.wrap(cells[-1], room)
    return [f"{start if n == 0 else ' ' * len(start)}{part}" for n, part in enumerate(said)]


def _paragraph(c: Clause, width: int) -> list[str]:
    facts = f"{c.section}, {c.span}, {standing(c)}"
    return [
        *_wrap(c.slug, "", GAP, width),
        *_wrap(facts, 2 * GAP, 2 * GAP, width),
        *_wrap(c.statement, 2 * GAP, 2 * GAP, width),
    ]


def _wrap(text: str, first: str, later: str, width: int | None) -> list[str]:
    if width is None:
        return [first + text]
    return textwrap.wrap(
        text,
        max(width, len(later) + 1),
        initial_indent=first,
        subsequent_indent=later,
        break_on_hyphens=False,
    )
