"""The score by clause, the survivors, and which of them are explained."""

from __future__ import annotations

from collections import Counter

from .explained import Explained, explained
from .results import OTHER, SURVIVED, TWIN, UNASKED, Result
from .run import Results


def report(results: Results, whole: bool) -> tuple[list[str], bool]:
    """What to print, and whether each survivor is explained and each reason needed."""
    reasons = explained()
    used: Counter[Explained] = Counter()
    noticed: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    left: dict[str, list[str]] = {}
    twins = 0
    for revision, found in results.items():
        for result in found.values():
            if result.verdict == TWIN:
                twins += 1
                continue
            name = str(result.wrong)
            why = next((r for r in reasons if not result.good and r.tells_of(name)), None)
            if why is not None:
                used[why] += 1
                continue
            for clause in result.wrong.clauses:
                tried[clause] += 1
                noticed[clause] += result.good
            if not result.good:
                left.setdefault(f"{name}: {_whose(result)}", []).append(str(revision))
    lines = ["", f"{'clause':40} noticed    of"]
    lines += [f"{c:40} {noticed[c]:7} {tried[c]:5}" for c in sorted(tried)]
    lines += ["", "not noticed, and not explained:"] if left else []
    lines += [f"  {name}\n    {_span(revisions)}" for name, revisions in sorted(left.items())]
    lines += ["", "not noticed, and explained:"]
    for reason, count in used.items():
        lines += [f"  {count} x {', '.join(reason.names)}:", f"    {reason.why}"]
    stale = [reason for reason in reasons if whole and not used[reason]]
    lines += [f"explained, and there is none: {', '.join(reason.names)}" for reason in stale]
    total = sum(len(found) for found in results.values()) - twins
    missed = sum(len(revisions) for revisions in left.values())
    lines += [
        "",
        f"{total} wrong kernels: {total - missed - used.total()} noticed,"
        f" {used.total()} explained, {missed} neither",
        f"({twins} more moved a row to where another row of its clause says the same.)",
    ]
    return lines, not left and not stale


def _whose(result: Result) -> str:
    if result.verdict == OTHER:
        return f"by none that cites it; by {result.specs[0]}"
    if result.verdict == SURVIVED:
        return f"{len(result.specs)} specs had it read, like {result.specs[0]}"
    return (
        "a call of one spec in a state of another" if result.verdict == UNASKED else "nothing asks"
    )


def _span(revisions: list[str]) -> str:
    return ", ".join(revisions)
