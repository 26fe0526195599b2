"""Verdicts: what results say about each clause, and all of them about the kernel; of one run, or
of several of the same kernel on different boards.

Pure functions of results and the catalogue.  Asked for are the clauses of level must that hold
in the revision under test and have a spec.

Not for: whether a run may end well (`gate`), or how it is shown.
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

NOT_KNOWN = "it is not known which specs were left out"


class Because(enum.Enum):
    """What a spec came to; the first that there is among a clause's decides the verdict on it."""

    FAILED = "failed"
    BROKEN = "ended in an error"
    SKIPPED = "skipped itself"
    LEFT_OUT = "was left out"
    WAIVED = "failed, and a waiver lists it"
    PASSED = "passed"
    LACKING = "needs another host"
    ELSEWHERE = "is for other revisions"
    NOTHING = "there is none"

    @property
    def verdict(self) -> Verdict:
        """What it makes of the clause."""
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
    """The verdict on one clause; ``why`` in a few words where it is not conformant.

    ``needs`` is the capability for lack of which no spec of the clause could run on this host:
    then nothing but another host helps.  ``specs`` are those that the verdict comes from, or
    one, or a file, that kept it from being better.  ``waived``: a failure was, for this reason,
    whatever the verdict.
    """

    slug: str
    because: Because
    why: str = ""
    needs: str = ""
    specs: tuple[str, ...] = ()
    waived: str = ""

    @property
    def verdict(self) -> Verdict:
        """What is known of the clause."""
        return self.because.verdict


class Verdicts(NamedTuple):
    """The verdicts on all clauses that were asked for, by slug, in the documentation's order.

    ``unspecified``: those that hold, and whose specs are all for other revisions.  ``others``:
    specs that failed and are of no clause that was asked for.
    """

    clauses: Mapping[str, ClauseVerdict]
    unspecified: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """On all of it: the worst of its clauses'."""
        return Verdict.worst(one.verdict for one in self.clauses.values())

    @property
    def here(self) -> Verdict:
        """The same without the clauses that need another host."""
        return Verdict.worst(one.verdict for one in self.clauses.values() if not one.needs)

    def having(self, verdict: Verdict) -> list[ClauseVerdict]:
        """The clauses with that verdict."""
        return [one for one in self.clauses.values() if one.verdict is verdict]


def asked_for(revision: Revision) -> list[Clause]:
    """The clauses that a verdict on a kernel of that revision is about."""
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

    ``host`` is what it was on, None where no spec used one.  ``left_out`` is None where it is
    not known: then nothing is conformant.  A clause that is cited and not in this version's
    catalogue is asked for as well, since it may be of level must.
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
    """The verdicts on these clauses, whether a run is asked for them or not."""
    lacks = _lacks(host)
    by_clause: dict[str, list[SpecResult]] = {slug: [] for slug in slugs}
    for result in results:
        for slug in set(result.clauses) & by_clause.keys():
            by_clause[slug].append(result)
    gaps: Mapping[str, tuple[str, ...]]
    gaps = left_out.gaps(by_clause) if left_out else dict.fromkeys(by_clause, (NOT_KNOWN,))
    return {slug: _of(slug, ended, lacks, gaps.get(slug)) for slug, ended in by_clause.items()}


def join(runs: Sequence[Verdicts]) -> Verdicts:
    """The verdict on a kernel that these runs, on different boards, were on.

    A clause is conformant where it is so on one of them and failed on none; waived where a
    failure was on one of them.
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
        # What another host would help with is an excuse only where that is so everywhere.
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
    """What one spec came to; ``lacks``: what the host lacks, by what is said of it."""
    if result.status is Status.PASS or result.strict:
        return Because.PASSED
    if result.status is Status.FAIL:
        return Because.WAIVED if result.waived else Because.FAILED
    if result.status is Status.MISS:
        return Because.LACKING if result.reason in (lacks or {}) else Because.SKIPPED
    return Because.BROKEN if result.status is Status.ERROR else Because.ELSEWHERE


def _lacks(host: Host | None) -> dict[str, str]:
    """The capabilities that the host lacks, by what is said where a spec requires them."""
    if host is None:
        return {}
    return {why: known.name for known in CAPABILITIES.values() if (why := known.missing(host))}
