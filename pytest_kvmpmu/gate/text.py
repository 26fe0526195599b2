"""What the end of a run says: the verdict in a line, and what keeps it from being a better one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..report.verdict import ClauseVerdict, RunVerdict, Verdict

if TYPE_CHECKING:
    from .judging import Judge

# More names than this are shown with -v alone.
_MOST = 8
_WORD = {
    Verdict.NOT_CONFORMANT: "not conformant",
    Verdict.NOT_VERIFIED: "not verified",
    Verdict.WAIVED: "waived",
    Verdict.CONFORMANT: "conformant",
}


def verdict(judge: Judge) -> list[str]:
    """All lines about the verdict of a run."""
    verbose = judge.config.get_verbosity() > 0
    out = [headline(judge.verdict)]
    if verbose:
        out += [_line(one) for one in judge.verdict.clauses.values()]
    elif judge.asked.gate:
        out += reasons(judge.verdict)
    out += _waivers(judge)
    out += [f"  {change}" for change in judge.changes]
    return [*out, *judge.failures, *([judge.met] if judge.met else [])]


def headline(found: RunVerdict) -> str:
    """The verdict on a run in one line, with counts of clauses."""
    counts = {word: len(found.having(one)) for one, word in _WORD.items()}
    listed = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"verdict: {found.verdict.value} (clauses: {listed or 'none looked at'})"


def reasons(found: RunVerdict) -> list[str]:
    """What keeps the run from "conformant": the clauses, by reason."""
    out = [
        f"  not conformant: {one.slug}: {one.why}" for one in found.having(Verdict.NOT_CONFORMANT)
    ]
    by_why: dict[str, list[str]] = {}
    for one in found.having(Verdict.NOT_VERIFIED):
        by_why.setdefault(_why(one), []).append(one.slug)
    out += [f"  not verified: {why}: {_few(slugs)}" for why, slugs in by_why.items()]
    if found.unspecified:
        out.append(f"  no spec for this revision: {_few(found.unspecified)}")
    return out


def _line(one: ClauseVerdict) -> str:
    why = "" if one.verdict is Verdict.CONFORMANT else f": {_why(one)}"
    where = f" ({one.specs[0]})" if why and one.specs and not one.needs else ""
    return f"  {_WORD[one.verdict]}: {one.slug}{why}{where}"


def _why(one: ClauseVerdict) -> str:
    return f"needs {one.needs} ({one.why})" if one.needs else one.why


def _few(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST])
    more = len(names) - _MOST
    return f"{shown} and {more} more (-v names them)" if more > 0 else shown


def _waivers(judge: Judge) -> list[str]:
    found = judge.checked
    counts = {
        "in use": len(found.used),
        "stale": len(found.stale),
        "not tried": len(found.untried),
        "for other kernels or boards": len(found.elsewhere),
    }
    listed = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    out = [f"waivers: {listed}"] if listed else []
    for waiver, specs in found.used:
        many = f", {len(specs)} specs" if len(specs) > 1 else ""
        out.append(f"  waived: {waiver}{many}: {waiver.reason}")
    return out
