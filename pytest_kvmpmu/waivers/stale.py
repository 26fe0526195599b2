"""Waivers that no longer match the results: which, and in what way.

Pure functions of entries, results and the day.  Not for: waiving (`gate`), or changing the file
(`rewrite`).
"""

from __future__ import annotations

import datetime
import enum
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..report.results.result import SpecResult, Status
from ..report.results.selection import Selection, file_of

if TYPE_CHECKING:
    from .file import Waiver


class How(enum.Enum):
    """In what way an entry is stale."""

    EXPIRED = "expired"
    NO_MATCH = "matches nothing"
    SKIPPED = "was skipped"
    PASSED = "unexpected pass"
    OTHER = "another outcome"
    BROAD = "too broad"
    TWICE = "waived twice"


class Stale(NamedTuple):
    """An entry, in what way it is stale, and what shows it: a sentence, and ``specs``."""

    waiver: Waiver
    how: How
    what: str
    specs: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.waiver}: {self.how.value}: {self.what}"


class Checked(NamedTuple):
    """``stale`` entries; ``used`` ones, each with the specs that failed as it says; ``untried``
    ones, whose specs this run did not have; ``elsewhere``: those for other kernels and boards.
    """

    stale: tuple[Stale, ...] = ()
    used: tuple[tuple[Waiver, tuple[str, ...]], ...] = ()
    untried: tuple[Waiver, ...] = ()
    elsewhere: tuple[Waiver, ...] = ()


def check(
    waivers: Sequence[Waiver],
    results: Iterable[SpecResult],
    selection: Selection,
    on: tuple[str, str] | None,
    today: datetime.date,
) -> Checked:
    """What the run says about each entry.

    ``on`` is the kernel and the board, by the names that they report; None if no spec used one.
    """
    results = list(results)
    stale: list[Stale] = []
    used: list[tuple[Waiver, tuple[str, ...]]] = []
    untried: list[Waiver] = []
    elsewhere: list[Waiver] = []
    for waiver in waivers:
        if waiver.expired(today):
            stale.append(Stale(waiver, How.EXPIRED, f"its last day was {waiver.expires}"))
            continue
        if on is not None and not waiver.is_for(*on):
            elsewhere.append(waiver)
            continue
        covered = [r for r in results if waiver.covers(r.spec, r.clauses)]
        if not covered:
            if _matches_nothing(waiver, selection):
                what = f"no spec of {file_of(waiver.spec)} has that name"
                stale.append(Stale(waiver, How.NO_MATCH, what))
            else:
                untried.append(waiver)
            continue
        if found := _wrong(waiver, covered):
            stale.append(found)
        else:
            used.append((waiver, tuple(r.spec for r in covered)))
    return Checked((*stale, *_twice(used)), tuple(used), tuple(untried), tuple(elsewhere))


def as_listed(waiver: Waiver, result: SpecResult) -> bool:
    """Whether that spec, which the entry covers, failed as the entry says."""
    return result.status is Status.FAIL and waiver.expects(result.errno, result.reason)


def _wrong(waiver: Waiver, covered: Sequence[SpecResult]) -> Stale | None:
    """What is wrong with an entry that covers these results."""
    wrong = [r for r in covered if not as_listed(waiver, r)]
    if not wrong:
        return None
    first, specs = wrong[0], tuple(r.spec for r in wrong)
    if len(wrong) < len(covered):
        what = (
            f"it covers {len(covered)} specs, of which {len(wrong)} did not fail as listed,"
            f" like {first.spec}"
        )
        return Stale(waiver, How.BROAD, what, specs)
    if first.status is Status.PASS:
        return Stale(waiver, How.PASSED, f"{first.spec} passed", specs)
    if first.status in (Status.SKIP, Status.MISS):
        return Stale(waiver, How.SKIPPED, f"{first.spec}: {first.reason}", specs)
    got = "an error" if first.status is Status.ERROR else waiver.said(first.errno, first.reason)
    more = f": {first.reason}" if first.status is Status.ERROR else ""
    what = f"{first.spec}: {waiver.expected} expected, got {got}{more}"
    return Stale(waiver, How.OTHER, what, specs)


def _twice(used: Iterable[tuple[Waiver, tuple[str, ...]]]) -> list[Stale]:
    """The entries that cover a spec that an earlier entry covers too."""
    owner: dict[str, Waiver] = {}
    found = []
    for waiver, specs in used:
        again = [spec for spec in specs if owner.setdefault(spec, waiver) is not waiver]
        if again:
            found.append(
                Stale(waiver, How.TWICE, f"{again[0]} is covered by {owner[again[0]]} too")
            )
    return found


def _matches_nothing(waiver: Waiver, selection: Selection) -> bool:
    """Whether the whole of the spec's file was collected and has no such spec.

    A clause always has specs; they may be in files that were not collected.
    """
    if any(waiver.covers(spec, cited) for spec, cited in selection.specs.items()):
        return False
    file = file_of(waiver.spec)
    return bool(waiver.spec) and file in selection.files and file not in selection.narrowed
