"""Ordered tables: the model's description of an ioctl.

A table is read from the top; a row applies if its revisions include the requested one
and its condition holds.  There are three kinds of rows:

    refuse(when, errno)   the ioctl ends with -1 and errno
    effect(do, when)      the state changes, reading continues
    answer(give, when)    the ioctl ends with the Outcome that `give` returns

A refusal keeps the effects of the rows above it, as the kernel does.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeVar

from ..data.revision import FIRST, Revision, revision
from ..uapi.errno import Errno
from ..wire.outcome import Outcome
from .state import Context, State

Condition = Callable[[Context], bool]
Effect = Callable[[Context], None]
Answer = Callable[[Context], Outcome]


class NotModelled(Exception):
    """A call that no table covers: the model does not guess."""


class Row(NamedTuple):
    """One row of a table.  Exactly one of ``errno``, ``effect`` and ``answer`` is set.

    ``clause`` is a slug of the catalogue (spec/clauses.toml); ``until`` is inclusive, None if it
    still holds.  ``within`` is a condition that rows share, tested first.
    """

    when: Condition
    clause: str
    errno: Errno | None = None
    effect: Effect | None = None
    answer: Answer | None = None
    since: Revision = FIRST
    until: Revision | None = None
    within: Condition | None = None

    def holds_in(self, wanted: Revision) -> bool:
        """Whether the row is part of that revision."""
        return self.since <= wanted and (self.until is None or wanted <= self.until)


Table = tuple[Row, ...]


def always(_: Context) -> bool:
    """The condition of a row that applies whenever it is reached."""
    return True


def refuse(
    when: Condition, errno: Errno, clause: str, since: str = FIRST.name, until: str | None = None
) -> Row:
    """A row that ends the ioctl with -1 and ``errno``."""
    return Row(when, clause, errno=errno, since=revision(since), until=_until(until))


def effect(
    do: Effect,
    clause: str,
    when: Condition = always,
    since: str = FIRST.name,
    until: str | None = None,
) -> Row:
    """A row that changes the state; reading continues."""
    return Row(when, clause, effect=do, since=revision(since), until=_until(until))


def answer(
    give: Answer,
    clause: str,
    when: Condition = always,
    since: str = FIRST.name,
    until: str | None = None,
) -> Row:
    """A row that ends the ioctl with the Outcome that ``give`` returns."""
    return Row(when, clause, answer=give, since=revision(since), until=_until(until))


def _until(name: str | None) -> Revision | None:
    return None if name is None else revision(name)


def only(when: Condition, rows: Iterable[Row]) -> Table:
    """``rows`` with a condition that they share, tested first."""
    rows = tuple(rows)
    assert not any(row.within for row in rows)  # nesting was not needed yet
    return tuple(row._replace(within=when) for row in rows)


_ZERO = Outcome(0)


def done(_: Context) -> Outcome:
    """The Outcome of success: 0."""
    return _ZERO


def not_covered(c: Context) -> Outcome:
    """The answer of a row after which the table does not cover the call."""
    raise NotModelled(f"the model does not cover {c.call.to_json()}")


K = TypeVar("K")
R = TypeVar("R")


def per_revision(find: Callable[[K, Revision], R]) -> Callable[[K, Revision], R]:
    """``find``, cached by the key's identity, since hashing a table or a host is slow."""
    kept: dict[tuple[int, int], tuple[K, R]] = {}

    @functools.wraps(find)
    def found(key: K, wanted: Revision) -> R:
        known = kept.get((id(key), wanted.rank))
        if known is None or known[0] is not key:
            known = kept[id(key), wanted.rank] = key, find(key, wanted)
        return known[1]

    return found


@per_revision
def in_force(table: Table, wanted: Revision) -> tuple[tuple[Condition | None, Condition, Row], ...]:
    """The rows of ``table`` in the revision ``wanted``, with their conditions."""
    return tuple((row.within, row.when, row) for row in table if row.holds_in(wanted))


def read(table: Table, c: Context, wanted: Revision) -> tuple[State, Outcome]:
    """The result of ``table`` for the call in ``c`` in revision ``wanted``; ``c`` is consumed."""
    passed_over = None
    for within, when, row in in_force(table, wanted):
        if within is not None:
            if within is passed_over:
                continue
            if not within(c):
                passed_over = within
                continue
        if not when(c):
            continue
        if row.errno is not None:
            return State(c.objects), Outcome(-1, row.errno)
        if row.answer is not None:
            outcome = row.answer(c)  # may change the objects
            return State(c.objects), outcome
        assert row.effect is not None  # refuse, effect and answer make no other rows
        row.effect(c)
    raise NotModelled(f"the model does not cover {c.call.to_json()} in {wanted}")
