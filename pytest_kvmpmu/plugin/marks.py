"""The markers: their registration text, their checks, and whether a test applies.

A test applies if its marker and all of its clauses hold in the revision, and if the host has what
the test requires.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import pytest

from ..data.capabilities import CAPABILITIES, capability
from ..data.host import Host
from ..data.revision import FIRST, Revision, detect
from ..errors import UsageProblem
from ..spec.catalogue import Clause, clause

LINES = (
    "kvmpmu_clause(slug, ...): the clauses of the catalogue that this test checks; it applies"
    " to the revisions in which all of them hold.",
    "kvmpmu_requires(capability, ...): what the host must have, else the clauses stay"
    f" unverified: {', '.join(CAPABILITIES)}.",
    "kvmpmu_revision(since=None, until=None): the revisions to which this test applies,"
    " both inclusive; names like series-v1 or linux-5.18.",
    "differential: a search among random sequences; deselected unless -m or the command line"
    " names it.",
)
CLAUSE, REQUIRES, REVISION = "kvmpmu_clause", "kvmpmu_requires", "kvmpmu_revision"
DIFFERENTIAL = "differential"


class Marks(NamedTuple):
    """What a test's markers say, checked."""

    clauses: tuple[Clause, ...]
    requires: tuple[str, ...]
    since: Revision = FIRST
    until: Revision | None = None

    def not_applicable(self, revision: Revision) -> str:
        """Why the test says nothing about ``revision``, or the empty string."""
        for cited in self.clauses:
            if not cited.holds_in(revision):
                return f"{cited.slug} holds {cited.span}"
        if revision < self.since or (self.until is not None and self.until < revision):
            return f"the test is for {self.since} to {self.until or 'the newest'}"
        return ""

    def missing(self, host: Host, hardware: Host) -> str:
        """What the host, as KVM sees it or as it is, lacks for the test, or the empty string."""
        for name in self.requires:
            wanted = capability(name)
            if lack := wanted.missing(hardware if wanted.of_hardware else host):
                return lack
        return ""


# Of a test.
MARKS: pytest.StashKey[Marks] = pytest.StashKey()


def marks(item: pytest.Item) -> Marks:
    """The markers of ``item``.  Raises `UsageProblem` for a bad one, with its place."""
    found: dict[str, list[pytest.Mark]] = {CLAUSE: [], REQUIRES: [], REVISION: []}
    for mark in item.iter_markers():
        if mark.name in found:
            found[mark.name].append(mark)
    try:
        since, until = _span(found[REVISION])
        return Marks(
            tuple(clause(slug) for slug in _names(CLAUSE, found[CLAUSE])),
            tuple(capability(name).name for name in _names(REQUIRES, found[REQUIRES])),
            since,
            until,
        )
    except UsageProblem as problem:
        raise UsageProblem(f"{item.nodeid}: {problem.cause}", problem.remedy) from problem


def slugs(item: pytest.Item) -> tuple[str, ...]:
    """The slugs that ``item`` cites; as they are written if it was deselected, not checked."""
    found = item.stash.get(MARKS, None)
    if found is not None:
        return tuple([cited.slug for cited in found.clauses])
    return tuple(str(slug) for mark in item.iter_markers(CLAUSE) for slug in mark.args)


def _names(marker: str, found: Iterable[pytest.Mark]) -> Iterator[str]:
    for mark in found:
        if not mark.args or mark.kwargs or not all(isinstance(arg, str) for arg in mark.args):
            raise UsageProblem(
                f"{marker} takes one name or more", f'Write it like {marker}("set-pmu.enxio")'
            )
        yield from mark.args


def _span(found: Iterable[pytest.Mark]) -> tuple[Revision, Revision | None]:
    since, until = FIRST, None
    for mark in found:
        wrong = [v for v in mark.kwargs.values() if not isinstance(v, (str, type(None)))]
        if mark.args or not mark.kwargs or wrong or set(mark.kwargs) - {"since", "until"}:
            raise UsageProblem(
                "kvmpmu_revision takes since= and until=",
                'Write it like kvmpmu_revision(since="linux-5.18")',
            )
        if mark.kwargs.get("since") is not None:
            since = max(since, detect(mark.kwargs["since"]).revision)
        if mark.kwargs.get("until") is not None:
            last = detect(mark.kwargs["until"]).revision
            until = last if until is None else min(until, last)
    return since, until
