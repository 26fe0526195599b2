"""The markers: their registration text, their checks, and whether a test applies.

A test applies where the revision is one of which its marker and all of its clauses speak,
and where the host has what the test requires.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import pytest

from . import summary
from .capabilities import CAPABILITIES, capability
from .errors import UsageProblem
from .host import Host
from .revision import FIRST, Revision, detect
from .spec.catalogue import Clause, clause, sources

LINES = (
    "kvmpmu_clause(slug, ...): the clauses of the catalogue that this test checks; it applies"
    " to the revisions of which all of them speak.",
    "kvmpmu_requires(capability, ...): what the host must have, else the clauses stay"
    f" unverified: {', '.join(CAPABILITIES)}.",
    "kvmpmu_revision(since=None, until=None): the revisions to which this test applies,"
    " both inclusive; names like series-v1 or linux-5.18.",
    "differential: a search among random sequences; left out unless -m or the command line"
    " names it.",
)
CLAUSE, DIFFERENTIAL = "kvmpmu_clause", "differential"
_REQUIRES, _REVISION = "kvmpmu_requires", "kvmpmu_revision"
_NAMES = (CLAUSE, _REQUIRES, _REVISION, DIFFERENTIAL)


@dataclass(frozen=True)
class Marks:
    """What a test's markers say, checked."""

    clauses: tuple[Clause, ...]
    requires: tuple[str, ...]
    since: Revision = FIRST
    until: Revision | None = None
    differential: bool = False

    @functools.cached_property
    def slugs(self) -> tuple[str, ...]:
        """Those of the clauses, each once."""
        return tuple(dict.fromkeys(cited.slug for cited in self.clauses))

    @functools.cached_property
    def properties(self) -> tuple[tuple[str, str], ...]:
        """The same as a test's user_properties have them."""
        return tuple((summary.CLAUSE, slug) for slug in self.slugs)

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


def marks(item: pytest.Item) -> Marks:
    """The markers of ``item``.  `UsageProblem` for what can't be right, with its place."""
    found: dict[str, list[pytest.Mark]] = {name: [] for name in _NAMES}
    for mark in item.iter_markers():
        if mark.name in found:
            found[mark.name].append(mark)
    try:
        return _checked(
            tuple(_span(mark) for mark in found[_REVISION]),
            tuple(name for mark in found[CLAUSE] for name in _names(mark)),
            tuple(name for mark in found[_REQUIRES] for name in _names(mark)),
            bool(found[DIFFERENTIAL]),
            sources(),
        )
    except UsageProblem as problem:
        raise UsageProblem(f"{item.nodeid}: {problem.cause}", problem.remedy) from problem


@functools.cache
def _checked(
    spans: tuple[tuple[str | None, str | None], ...],
    slugs: tuple[str, ...],
    requires: tuple[str, ...],
    differential: bool,
    catalogue: object,  # noqa: ARG001  # other sources have other clauses
) -> Marks:
    since, until = FIRST, None
    for first, last in spans:
        if first is not None:
            since = max(since, detect(first).revision)
        if last is not None:
            end = detect(last).revision
            until = end if until is None else min(until, end)
    return Marks(
        tuple(clause(slug) for slug in slugs),
        tuple(capability(name).name for name in requires),
        since,
        until,
        differential,
    )


def _names(mark: pytest.Mark) -> tuple[str, ...]:
    if not mark.args or mark.kwargs or not all(isinstance(arg, str) for arg in mark.args):
        raise UsageProblem(
            f"{mark.name} takes one name or more", f'Write it like {mark.name}("set-pmu.enxio")'
        )
    return mark.args


def _span(mark: pytest.Mark) -> tuple[str | None, str | None]:
    wrong = [v for v in mark.kwargs.values() if not isinstance(v, (str, type(None)))]
    if mark.args or not mark.kwargs or wrong or set(mark.kwargs) - {"since", "until"}:
        raise UsageProblem(
            f"{_REVISION} takes since= and until=",
            f'Write it like {_REVISION}(since="linux-5.18")',
        )
    return mark.kwargs.get("since"), mark.kwargs.get("until")
