"""Two reports of the same specs: what changed from the old run to the new one."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..results.document import Report
from ..results.result import SpecResult, Status
from .words import many


class Kind(enum.Enum):
    """How a spec changed.  The worst comes first; it decides the exit status."""

    FAILS = ("newly failing", 1)
    OTHERWISE = ("failing in another way", 1)
    ERRORS = ("newly in error", 2)
    SKIPPED = ("changed to skipped", 3)
    GONE = ("no longer run", 3)
    WAIVED = ("newly failing, and waived", 0)
    PASSES = ("newly passing", 0)
    ADDED = ("newly run, and passing or skipped", 0)

    def __init__(self, words: str, exit_status: int) -> None:
        self.words = words
        self.exit_status = exit_status


@dataclass(frozen=True)
class Change:
    """One spec; ``old`` is None if it was not run then, ``new`` if it is not run now."""

    kind: Kind
    spec: str
    old: SpecResult | None
    new: SpecResult | None

    def __str__(self) -> str:
        was = self.old.status.value if self.old else "not run"
        now = self.new.status.value if self.new else "not run"
        why = f": {self.new.reason}" if self.new and self.new.reason else ""
        return f"{self.spec}: {was} -> {now}{why}"


def changes(old: Report, new: Report) -> list[Change]:
    """What changed, the worst first and then by spec."""
    was = {result.spec: result for result in old.results}
    now = {result.spec: result for result in new.results}
    found = [
        Change(kind, spec, was.get(spec), now.get(spec))
        for spec in sorted({*was, *now})
        if (kind := _kind(was.get(spec), now.get(spec))) is not None
    ]
    return sorted(found, key=lambda change: list(Kind).index(change.kind))


def exit_status(found: Sequence[Change]) -> int:
    """0: nothing is worse; 1: newly failing; 2: newly in error; 3: no longer verified."""
    return found[0].kind.exit_status if found else 0


def lines(old: Report, new: Report, found: Sequence[Change]) -> Iterator[str]:
    """The comparison in words."""
    for name, report in (("old", old), ("new", new)):
        run = report.run
        partial = f"; partial: {report.partial}" if report.partial else ""
        specs = many(len(report.results), "spec")
        yield f"{name}: kernel {run.kernel} on {run.board}, {run.on.time}, {specs}{partial}"
    for kind in Kind:
        of = [change for change in found if change.kind is kind]
        if of:
            yield f"{kind.words}: {len(of)}"
            yield from (f"  {change}" for change in of)
    every = {result.spec for report in (old, new) for result in report.results}
    yield f"unchanged: {len(every) - len(found)}"


_SKIPPED = (Status.SKIP, Status.MISS)


def _kind(old: SpecResult | None, new: SpecResult | None) -> Kind | None:
    if new is None:
        return Kind.GONE
    if new.status is Status.FAIL:
        return _failing(old, new)
    if new.status is Status.ERROR:
        return None if old is not None and old.status is Status.ERROR else Kind.ERRORS
    if old is None:
        return Kind.ADDED
    if new.status is Status.PASS:
        return None if old.status is Status.PASS else Kind.PASSES
    return None if old.status in _SKIPPED else Kind.SKIPPED


def _failing(old: SpecResult | None, new: SpecResult) -> Kind | None:
    failed = old is not None and old.status is Status.FAIL
    if new.waived:
        return None if failed else Kind.WAIVED
    if old is None or not failed or old.waived:
        return Kind.FAILS
    # An errno is enough; other text may contain addresses and counts.
    same = old.errno == new.errno if old.errno or new.errno else old.reason == new.reason
    return None if same else Kind.OTHERWISE
