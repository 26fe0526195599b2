"""Verdicts: what results say about each clause, and about the kernel; from one run, or from
several of the same kernel on different boards.

Pure functions of results and the catalogue.  Required are the clauses of level must that hold
in the revision under test and have a spec.

Not for: a run's exit status (`gate`), or how a verdict is shown.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ...data.capabilities import CAPABILITIES
from ...data.host import Host
from ...data.revision import Revision
from ...spec.catalogue import Clause, clauses, unspecified
from ..results.conclusion import Verdict
from ..results.left_out import LeftOut
from ..results.result import SpecResult, Status

NOT_KNOWN = "it is not known which specs were omitted"


class Because(enum.Enum):
    """How a spec ended; the first of these among a clause's specs decides the verdict on it."""

    FAILED = "failed"
    BROKEN = "ended in an error"
    SKIPPED = "skipped itself"
    LEFT_OUT = "was omitted"
    WAIVED = "failed, and a waiver lists it"
    PASSED = "passed"
    LACKING = "needs another host"
    ELSEWHERE = "is for other revisions"
    NOTHING = "there is none"

    @property
    def verdict(self) -> Verdict:
        """The verdict on a clause that it leads to."""
        return _VERDICTS.get(self, Verdict.NOT_VERIFIED)

    @property
    def rank(self) -> int:
        """Its place, from 0."""
        return _RANKS[self]


_RANKS = {because: rank for rank, because in enumerate(Because)}
_VERDICTS = {
    Because.FAILED: Verdict.NOT_CONFORMANT,
    Because.WAIVED: Verdict.WAIVED,
    Because.PASSED: Verdict.CONFORMANT,
}


class ClauseVerdict(NamedTuple):
    """The verdict on one clause; ``why`` in a few words if it is not conformant.

    ``needs`` is the capability that this host lacks, so that no spec of the clause could run:
    only another host helps.  ``specs`` are those that decide the verdict, or one spec or file
    that kept it from being better.  ``waived`` is the reason of a waived failure, whatever the
    verdict.
    """

    slug: str
    because: Because
    why: str = ""
    needs: str = ""
    specs: tuple[str, ...] = ()
    waived: str = ""

    @property
    def verdict(self) -> Verdict:
        """The verdict on the clause."""
        return self.because.verdict


class Verdicts(NamedTuple):
    """The verdicts on all required clauses, by slug, in the documentation's order.

    ``unspecified``: clauses that hold, but whose specs are all for other revisions.  ``others``:
    specs that failed and cite no required clause.
    """

    clauses: Mapping[str, ClauseVerdict]
    unspecified: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of its clauses."""
        return Verdict.worst(one.verdict for one in self.clauses.values())

    @property
    def here(self) -> Verdict:
        """The same without the clauses that need another host."""
        return Verdict.worst(one.verdict for one in self.clauses.values() if not one.needs)

    def having(self, verdict: Verdict) -> list[ClauseVerdict]:
        """The clauses with that verdict."""
        return [one for one in self.clauses.values() if one.verdict is verdict]


def asked_for(revision: Revision) -> list[Clause]:
    """The clauses that a verdict on a kernel of that revision requires."""
    without_spec = unspecified()
    return [
        known
        for known in clauses().values()
        if known.level == "must" and known.holds_in(revision) and known.slug not in without_spec
    ]


def judge(
    results: Sequence[SpecResult],
    revision: Revision,
    host: Host | None,
    left_out: LeftOut | None,
) -> Verdicts:
    """The verdict on one run.

    ``host`` is what it was on, None if no spec used one.  ``left_out`` is None if it is not
    known: then nothing is conformant.  A clause that is cited but not in this version's
    catalogue is required too, since it may be of level must.
    """
    slugs = [known.slug for known in asked_for(revision)]
    cited = [slug for result in results for slug in result.clauses]
    cited += left_out.cited if left_out else ()
    slugs += sorted(set(cited) - clauses().keys())
    found = on_clauses(slugs, results, host, left_out)
    others = tuple(
        result.spec
        for result in results
        if because(result) is Because.FAILED and not found.keys() & set(result.clauses)
    )
    return Verdicts(
        {slug: one for slug, one in found.items() if one.because is not Because.ELSEWHERE},
        tuple(slug for slug, one in found.items() if one.because is Because.ELSEWHERE),
        others,
    )


def on_clauses(
    slugs: Iterable[str],
    results: Iterable[SpecResult],
    host: Host | None,
    left_out: LeftOut | None,
) -> dict[str, ClauseVerdict]:
    """The verdicts on these clauses, required or not."""
    lacks = _lacks(host)
    by_clause: dict[str, list[SpecResult]] = {slug: [] for slug in slugs}
    for result in results:
        for slug in set(result.clauses) & by_clause.keys():
            by_clause[slug].append(result)
    gaps: Mapping[str, tuple[str, ...]]
    gaps = left_out.gaps(by_clause) if left_out else dict.fromkeys(by_clause, (NOT_KNOWN,))
    return {slug: _of(slug, ended, lacks, gaps.get(slug)) for slug, ended in by_clause.items()}


def join(runs: Sequence[Verdicts]) -> Verdicts:
    """The verdict on a kernel from its runs on different boards.

    A clause is conformant if it is so on one board and failed on none; waived if a failure was
    waived on one of them.
    """
    slugs = dict.fromkeys(slug for run in runs for slug in run.clauses)
    found = {slug: _joined([r.clauses[slug] for r in runs if slug in r.clauses]) for slug in slugs}
    elsewhere = dict.fromkeys(slug for run in runs for slug in run.unspecified)
    return Verdicts(
        found,
        tuple(slug for slug in elsewhere if slug not in found),
        tuple(dict.fromkeys(spec for run in runs for spec in run.others)),
    )


def _joined(of: Sequence[ClauseVerdict]) -> ClauseVerdict:
    worst = min(of, key=lambda one: one.because.rank)
    if worst.because is Because.FAILED:
        return worst
    green = [one for one in of if one.verdict.green]
    if not green:
        # That it needs another host is an excuse only if this is so on all boards.
        return min(of, key=lambda one: (bool(one.needs), one.because.rank))
    waived = [one for one in of if one.waived]
    if not waived:
        return green[0]
    one = min(waived, key=lambda one: one.because is not Because.WAIVED)
    return one._replace(because=Because.WAIVED, why=one.waived, needs="")


def _of(
    slug: str, found: Sequence[SpecResult], lacks: Mapping[str, str], gap: tuple[str, ...] | None
) -> ClauseVerdict:
    """The verdict on one clause; ``gap``: why not all of its specs ran, and where."""
    ended: dict[Because, list[SpecResult]] = {}
    for result in found:
        ended.setdefault(because(result, lacks), []).append(result)
    waived = ended[Because.WAIVED][0].waived if Because.WAIVED in ended else ""
    kinds = [*ended, *([Because.LEFT_OUT] if gap else []), Because.NOTHING]
    worst = min(kinds, key=lambda kind: kind.rank)
    if worst is Because.LEFT_OUT and gap:
        return ClauseVerdict(slug, worst, gap[0], "", gap[1:], waived)
    if worst is Because.NOTHING:
        return ClauseVerdict(slug, worst, "no spec of it ran")
    first = ended[worst][0]
    why = {
        Because.BROKEN: f"error: {first.reason}",
        Because.SKIPPED: f"skipped: {first.reason}",
        Because.WAIVED: waived,
        Because.PASSED: "",
    }.get(worst, first.reason)
    needs = lacks.get(first.reason, "") if worst is Because.LACKING else ""
    return ClauseVerdict(slug, worst, why, needs, tuple(r.spec for r in ended[worst]), waived)


def because(result: SpecResult, lacks: Mapping[str, str] | None = None) -> Because:
    """How one spec ended; ``lacks``: the capabilities that the host lacks, by reason."""
    if result.status is Status.PASS or result.strict:
        return Because.PASSED
    if result.status is Status.FAIL:
        return Because.WAIVED if result.waived else Because.FAILED
    if result.status is Status.MISS:
        return Because.LACKING if result.reason in (lacks or {}) else Because.SKIPPED
    return Because.BROKEN if result.status is Status.ERROR else Because.ELSEWHERE


def _lacks(host: Host | None) -> dict[str, str]:
    """The capabilities that the host lacks, by the reason given for skipping a spec."""
    if host is None:
        return {}
    return {why: known.name for known in CAPABILITIES.values() if (why := known.missing(host))}
