"""The tables' reader, which records which rows act, and which others would."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator

from pytest_kvmpmu import model
from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.model.state import Context, State
from pytest_kvmpmu.model.table import NotModelled, Row, Table, read
from pytest_kvmpmu.wire.outcome import Outcome

Key = tuple[str, str]

_KEYS = {id(table): key for key, table in model.TABLES.items()}


class Reader:
    """While entered, replaces the model's `read`.

    ``acted`` has the rows that acted, and those of another revision that would have acted and
    changed the outcome of the call.  ``both`` has the pairs of rows, two refusals or one after
    the other, that applied at once if their order changed the outcome.
    """

    def __init__(self) -> None:
        self.acted: set[tuple[Key, int]] = set()
        self.both: set[tuple[Key, int, int]] = set()
        self._wrong: dict[object, Table] = {}

    def __enter__(self) -> Reader:
        model.read = self.read
        return self

    def __exit__(self, *_: object) -> None:
        model.read = read

    def read(self, table: Table, c: Context, wanted: Revision) -> tuple[State, Outcome]:
        """As the model's."""
        self.look(table, c, wanted)
        return read(table, c, wanted)

    def look(self, table: Table, c: Context, wanted: Revision) -> None:
        """Go through the rows, and record which act; the call in ``c`` is not made."""
        key, at = _KEYS[id(table)], _copy(c)
        right: object = None

        def differs(what: object, make: Callable[[], Table]) -> bool:
            nonlocal right
            right = _said(table, c, wanted) if right is None else right
            wrong = self._wrong.get(what) or self._wrong.setdefault(what, make())
            return _said(wrong, c, wanted) != right

        for number, row in enumerate(table):
            if not _acts(row, at):
                continue
            if not row.holds_in(wanted):
                place = key, number
                if place not in self.acted and differs(
                    place, functools.partial(held, table, number, wanted)
                ):
                    self.acted.add(place)
                continue
            self.acted.add((key, number))
            for other in _later(table, number, at, wanted):
                pair = key, number, other
                if pair not in self.both and differs(
                    pair, functools.partial(swapped, table, number, other)
                ):
                    self.both.add(pair)
            if row.effect is None:
                break
            try:
                row.effect(at)
            except NotModelled:
                break


def held(table: Table, number: int, wanted: Revision) -> Table:
    """The table with row ``number`` also holding in a revision in which it does not."""
    return (
        *table[:number],
        table[number]._replace(since=wanted, until=wanted),
        *table[number + 1 :],
    )


def swapped(table: Table, number: int, other: int) -> Table:
    """The table in which row ``other`` comes before row ``number`` if both act."""
    above, row, early = table[:number], table[number], table[other]
    if row.effect is not None and early.effect is not None:
        return (*above, early, *table[number:other], *table[other + 1 :])
    both = early._replace(within=None, when=lambda c: _acts(row, c) and _acts(early, c))
    return (*above, both, *table[number:])


def _copy(c: Context) -> Context:
    """The same call on its own objects: reading consumes a context."""
    return Context(State(c.objects), c.call, c.host, c.pmus)


def _acts(row: Row, c: Context) -> bool:
    try:
        return (row.within is None or row.within(c)) and row.when(c)
    except NotModelled:
        return False


def _later(table: Table, number: int, c: Context, wanted: Revision) -> Iterator[int]:
    """The next row that acts if row ``number`` does; below a refusal, all refusals that do.

    Not the answer: that ends all tables.
    """
    refusals_too = table[number].errno is not None
    first = True
    for other in range(number + 1, len(table)):
        row = table[other]
        if not row.holds_in(wanted) or row.answer is not None:
            continue
        if (first or (refusals_too and row.errno is not None)) and _acts(row, c):
            first = False
            yield other


def _said(table: Table, c: Context, wanted: Revision) -> object:
    try:
        return read(table, _copy(c), wanted)
    except NotModelled as error:
        return str(error)
