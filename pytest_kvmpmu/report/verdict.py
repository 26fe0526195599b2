"""Verdicts: what a run's results say about each clause, and all of them about the kernel.

Pure functions of results and the catalogue.  Asked for are the clauses of level must that hold
in the revision under test and have a spec.

Not for: whether a run may end well (`gate`), or how it is shown.
"""

from __future__ import annotations

import enum
import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..capabilities import CAPABILITIES
from ..host import Host
from ..resources import conformance_dir
from ..revision import Revision
from ..spec import citations
from ..spec.catalogue import Clause, clauses, unspecified
from .result import SpecResult, Status
from .selection import Selection, file_of


class Verdict(enum.Enum):
    """On a clause or on a run; the worst comes first."""

    NOT_CONFORMANT = "not conformant"
    NOT_VERIFIED = "not verified"
    WAIVED = "conformant with waivers"
    CONFORMANT = "conformant"

    @property
    def green(self) -> bool:
        """Whether nothing is left to be desired that nobody has waived."""
        return self in (Verdict.WAIVED, Verdict.CONFORMANT)

    @classmethod
    def worst(cls, found: Iterable[Verdict]) -> Verdict:
        """The one that stands for all.  Nothing at all verifies nothing."""
        return min(found, key=list(cls).index, default=cls.NOT_VERIFIED)


@dataclass(frozen=True)
class ClauseVerdict:
    """The verdict on one clause; ``why`` in a few words where it is not conformant.

    ``needs`` is the capability for lack of which no spec of the clause could run on this host:
    then nothing but another host helps.  ``specs`` are those that the verdict comes from, or
    one, or a file, that kept it from being better.
    """

    slug: str
    verdict: Verdict
    why: str = ""
    needs: str = ""
    specs: tuple[str, ...] = ()


@dataclass(frozen=True)
class RunVerdict:
    """The verdicts on all clauses that were asked for, by slug, in the documentation's order.

    ``unspecified``: those that hold, and whose specs are all for other revisions.
    """

    clauses: Mapping[str, ClauseVerdict]
    unspecified: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """On the run: the worst of its clauses'."""
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
    return [
        known
        for known in clauses().values()
        if known.level == "must" and known.holds_in(revision) and known.slug not in unspecified()
    ]


def judge(
    results: Iterable[SpecResult],
    revision: Revision,
    host: Host | None,
    selection: Selection | None = None,
) -> RunVerdict:
    """The verdict on one run.

    ``host`` is what it was on, None where no spec used one.  Without a ``selection`` the results
    are taken for all that there was to run.
    """
    wanted = asked_for(revision)
    lacks = _lacks(host)
    by_clause: dict[str, list[SpecResult]] = {known.slug: [] for known in wanted}
    for result in results:
        for slug in set(result.clauses) & by_clause.keys():
            by_clause[slug].append(result)
    gaps = {} if selection is None else _gaps(by_clause, selection)
    elsewhere = tuple(
        slug
        for slug, found in by_clause.items()
        if found and slug not in gaps and all(one.status is Status.SKIP for one in found)
    )
    found = {
        slug: _of(slug, ended, lacks, gaps.get(slug))
        for slug, ended in by_clause.items()
        if slug not in elsewhere
    }
    return RunVerdict(found, elsewhere)


def _of(
    slug: str, found: Sequence[SpecResult], lacks: Mapping[str, str], gap: tuple[str, str] | None
) -> ClauseVerdict:
    """The verdict on one clause; ``gap``: why not all of its specs ran, and where."""
    ended: dict[str, list[SpecResult]] = {}
    for result in found:
        ended.setdefault(_kind(result, lacks), []).append(result)

    def said(verdict: Verdict, kind: str, why: str = "", needs: str = "") -> ClauseVerdict:
        return ClauseVerdict(slug, verdict, why, needs, tuple(r.spec for r in ended.get(kind, ())))

    if "failed" in ended:
        return said(Verdict.NOT_CONFORMANT, "failed", ended["failed"][0].reason)
    if "broken" in ended:
        return said(Verdict.NOT_VERIFIED, "broken", f"error: {ended['broken'][0].reason}")
    if "skipped" in ended:
        return said(Verdict.NOT_VERIFIED, "skipped", f"skipped: {ended['skipped'][0].reason}")
    if gap:
        return ClauseVerdict(slug, Verdict.NOT_VERIFIED, gap[0], "", gap[1:])
    if "waived" in ended:
        return said(Verdict.WAIVED, "waived", ended["waived"][0].waived)
    if "passed" in ended:
        return said(Verdict.CONFORMANT, "passed")
    if "lacking" in ended:
        reason = ended["lacking"][0].reason
        return said(Verdict.NOT_VERIFIED, "lacking", reason, lacks[reason])
    return said(Verdict.NOT_VERIFIED, "", "no spec of it ran")


def _kind(result: SpecResult, lacks: Mapping[str, str]) -> str:
    if result.status is Status.PASS or result.strict:
        return "passed"
    if result.status is Status.FAIL:
        return "waived" if result.waived else "failed"
    if result.status is Status.MISS:
        return "lacking" if result.reason in lacks else "skipped"
    return "broken" if result.status is Status.ERROR else "inapplicable"


def _lacks(host: Host | None) -> dict[str, str]:
    """The capabilities that the host lacks, by what is said where a spec requires them."""
    if host is None:
        return {}
    return {why: known.name for known in CAPABILITIES.values() if (why := known.missing(host))}


def _gaps(
    found: Mapping[str, Sequence[SpecResult]], selection: Selection
) -> dict[str, tuple[str, str]]:
    """Why not all specs of a clause ran, by slug, for those where it is so."""
    gaps: dict[str, tuple[str, str]] = {}
    cited_in: dict[str, set[str]] = {}
    for spec, cited in selection.specs.items():
        for slug in cited:
            cited_in.setdefault(slug, set()).add(file_of(spec))
    # What was collected whole has told of its clauses; the source of the rest has to.
    for file in _our_files() - (selection.files - selection.narrowed):
        for slug in _cited_in(file):
            cited_in.setdefault(slug, set()).add(file)
    for slug, files in cited_in.items():
        if absent := files - selection.files:
            gaps[slug] = "specs were not collected", min(absent)
        elif part := files & selection.narrowed:
            gaps[slug] = "not all specs may have been collected", min(part)
    ran = {result.spec for results in found.values() for result in results}
    for spec, cited in selection.specs.items():
        left = spec in selection.deselected
        if spec not in ran:
            why = "specs were deselected" if left else "specs were not run"
            gaps |= {slug: (why, spec) for slug in cited if slug in found}
    return gaps


@functools.cache
def _our_files() -> frozenset[str]:
    """The files of our specs, as specs' names have them."""
    specs = conformance_dir()
    return frozenset(path.relative_to(specs.parent).as_posix() for path in specs.rglob("test_*.py"))


@functools.cache
def _cited_in(file: str) -> frozenset[str]:
    """The clauses that a file of our specs cites."""
    found = citations.in_file(conformance_dir().parent / file, Path(file))
    return frozenset(slug for citation in found for slug in citation.slugs)
