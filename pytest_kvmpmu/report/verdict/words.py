"""Verdicts as lines of text, for the end of a run and for ``kvmpmu report``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..results.conclusion import Verdict
from .judge import ClauseVerdict, Verdicts


def headline(found: Verdicts) -> str:
    """The verdict on a run or a kernel, with counts of clauses."""
    counts = {_word(one): len(found.having(one)) for one in Verdict}
    listed = ", ".join(f"{count} {word}" for word, count in counts.items() if count)
    return f"{found.verdict.value} (clauses: {listed or 'none checked'})"


def reasons(found: Verdicts, names: Callable[[Sequence[str]], str] = ", ".join) -> list[str]:
    """What keeps it from "conformant": the clauses, by reason; ``names`` joins several."""
    out = [
        f"  not conformant: {one.slug}: {one.why}" for one in found.having(Verdict.NOT_CONFORMANT)
    ]
    by_why: dict[str, list[str]] = {}
    for one in found.having(Verdict.NOT_VERIFIED):
        by_why.setdefault(_why(one), []).append(one.slug)
    out += [f"  not verified: {why}: {names(slugs)}" for why, slugs in by_why.items()]
    if found.unspecified:
        out.append(f"  no spec for this revision: {names(found.unspecified)}")
    return out


def every(found: Verdicts) -> list[str]:
    """All clauses, each with its verdict."""
    return [_line(one) for one in found.clauses.values()]


def _line(one: ClauseVerdict) -> str:
    why = "" if one.verdict is Verdict.CONFORMANT else f": {_why(one)}"
    where = f" ({one.specs[0]})" if why and one.specs and not one.needs else ""
    return f"  {_word(one.verdict)}: {one.slug}{why}{where}"


def _word(verdict: Verdict) -> str:
    """The word for a single clause."""
    return "waived" if verdict is Verdict.WAIVED else verdict.value


def _why(one: ClauseVerdict) -> str:
    return f"needs {one.needs} ({one.why})" if one.needs else one.why
