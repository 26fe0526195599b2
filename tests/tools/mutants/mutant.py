"""Mutants of the model's tables: one row changed, or two swapped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pytest_kvmpmu import model
from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.model.table import Row, Table, not_covered
from pytest_kvmpmu.uapi.errno import Errno

from .reader import Key, Reader, held, swapped

DROP, ERRNO, SINCE, UNTIL, SWAP = "drop", "errno", "since", "until", "swap"


@dataclass(frozen=True)
class Mutant:
    """``kind`` of change to row ``row`` of the table ``key``; ``other`` is the second of a swap.

    drop: the row is missing.  errno: it refuses with another errno.  since, until: it holds in
    one revision more.  swap: ``other``, further down, comes before it.
    A row that holds in one revision less is a drop in that revision.
    """

    kind: str
    key: Key
    row: int
    other: int | None = None

    @property
    def rows(self) -> tuple[Row, ...]:
        """The row, or both."""
        table = model.TABLES[self.key]
        return tuple(table[n] for n in (self.row, self.other) if n is not None)

    @property
    def clauses(self) -> frozenset[str]:
        """The clauses that the rows implement."""
        return frozenset(row.clause for row in self.rows)

    @property
    def outward(self) -> bool:
        """The row holds in one revision too many."""
        return self.kind in (SINCE, UNTIL)

    def implied_anyway(self, wanted: Revision) -> bool:
        """The row holds in a revision too many, where another row already has its clause."""
        table, (row, *_) = model.TABLES[self.key], self.rows
        return self.outward and any(
            other.clause == row.clause and other.holds_in(wanted) for other in table
        )

    def __str__(self) -> str:
        ioctl, kind = self.key
        numbers = f"row {self.row}" if self.other is None else f"rows {self.row} and {self.other}"
        named = " and ".join(row.clause for row in self.rows)
        return f"{self.kind}: {named} ({ioctl} on a {kind}, {numbers})"

    def reached(self, reader: Reader) -> bool:
        """The rows acted."""
        if self.other is None:
            return (self.key, self.row) in reader.acted
        return (self.key, self.row, self.other) in reader.both

    def install(self, wanted: Revision) -> None:
        """Change the table."""
        model.TABLES[self.key] = self._table(wanted)

    def _table(self, wanted: Revision) -> Table:
        table = model.TABLES[self.key]
        row, above, below = table[self.row], table[: self.row], table[self.row + 1 :]
        if self.other is not None:
            return swapped(table, self.row, self.other)
        if self.kind == DROP:
            return above + below
        if self.kind == ERRNO:
            return (*above, row._replace(errno=_another(row, table)), *below)
        assert self.outward
        return held(table, self.row, wanted)


def _another(row: Row, table: Table) -> Errno:
    """Another errno of the table: what a confused implementation would return."""
    known = (other.errno for other in table if other.errno not in (None, row.errno))
    return next(filter(None, known), Errno.EPERM)


def of_rows(wanted: Revision) -> Iterator[Mutant]:
    """All mutants of one row that change that revision of the model."""
    for key, table in model.TABLES.items():
        for number, row in enumerate(table):
            if row.answer is not_covered:
                continue  # it means that the model does not cover it, and no spec asks
            if row.holds_in(wanted):
                yield Mutant(DROP, key, number)
                if row.errno is not None:
                    yield Mutant(ERRNO, key, number)
            elif row.since.rank == wanted.rank + 1:
                yield Mutant(SINCE, key, number)
            elif row.until is not None and row.until.rank == wanted.rank - 1:
                yield Mutant(UNTIL, key, number)


def swaps(readers: list[Reader]) -> list[Mutant]:
    """The pairs of rows that were seen to apply at once, swapped."""
    return [Mutant(SWAP, *pair) for pair in sorted({p for r in readers for p in r.both})]
