"""The text at the end of a run: the verdict, what keeps it from being better, its waivers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...report.verdict.words import every, headline, reasons

if TYPE_CHECKING:
    from .judging import Judge

# More names than this are shown only with -v.
_MOST = 8


def verdict(judge: Judge) -> list[str]:
    """All lines about the verdict of a run."""
    found = judge.verdict
    out = [f"verdict: {headline(found)}"]
    if judge.config.get_verbosity() > 0:
        out += every(found)
    elif judge.asked.gate:
        out += reasons(found, _few)
    out += _waivers(judge)
    out += [f"  {change}" for change in judge.changes]
    return [*out, *judge.failures, *([judge.met] if judge.met else [])]


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
