"""Wrong lists of PMUs: a row of model/pmu_list.py missing, or in one revision too many."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.model import pmu_list

from .mutant import DROP, SINCE, UNTIL
from .reader import Reader


@dataclass(frozen=True)
class WrongList:
    """``kind`` of change to bar ``bar``, or to the cut if that is None."""

    kind: str
    bar: int | None

    @property
    def _row(self) -> pmu_list.Bar | pmu_list.Cut:
        return pmu_list.CUT if self.bar is None else pmu_list.BARS[self.bar]

    @property
    def clauses(self) -> frozenset[str]:
        """The row's clause."""
        return frozenset([self._row.clause])

    @property
    def outward(self) -> bool:
        """It holds in one revision too many."""
        return self.kind in (SINCE, UNTIL)

    def implied_anyway(self, _: Revision) -> bool:
        """Never: no two bars are of one clause."""
        return False

    def __str__(self) -> str:
        what = "the cut" if self.bar is None else f"bar {self.bar}"
        return f"{self.kind}: {self._row.clause} (the list of PMUs, {what})"

    def reached(self, _: Reader) -> bool:
        """Every spec is on the host."""
        return True

    def install(self, wanted: Revision) -> None:
        """Change the list."""
        if self.bar is None:
            never = pmu_list.CUT._replace(applies=lambda _: False)
            pmu_list.CUT = never if self.kind == DROP else pmu_list.CUT._replace(since=wanted)
        else:
            bars = list(pmu_list.BARS)
            if self.kind == DROP:
                del bars[self.bar]
            else:
                bars[self.bar] = bars[self.bar]._replace(since=wanted, until=wanted)
            pmu_list.BARS = tuple(bars)
        # The reader of the table caches what it found before.
        pmu_list.listed = inspect.unwrap(pmu_list.listed)


def of_lists(wanted: Revision, host: Host) -> Iterator[WrongList]:
    """Those that change the list on that host in that revision."""
    cut = pmu_list.CUT
    rows = [
        (number, bar.since, bar.until) for number, bar in enumerate(pmu_list.BARS) if bar.out(host)
    ]
    for number, since, until in [*rows, *([(None, cut.since, None)] if cut.applies(host) else [])]:
        if since <= wanted and (until is None or wanted <= until):
            yield WrongList(DROP, number)
        elif since.rank == wanted.rank + 1:
            yield WrongList(SINCE, number)
        elif until is not None and until.rank == wanted.rank - 1:
            yield WrongList(UNTIL, number)
