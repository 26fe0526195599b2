"""What a cell of a matrix shows: the verdict on a clause on one kernel and board, as a sign."""

from __future__ import annotations

import enum
from collections.abc import Iterable

from ...spec.catalogue import Clause
from ..results.conclusion import Verdict
from ..results.result import SpecResult
from ..verdict.judge import Because, ClauseVerdict, because


class Cell(enum.Enum):
    """A verdict and its cause, as a sign and words; the worst comes first."""

    VIOLATED = ("✗", "violated")
    ERROR = ("!", "error")
    WAIVED = ("~", "waived")
    UNVERIFIED = ("?", "not verified")
    DIVERGENT = ("≠", "verified, unlike its text")
    VERIFIED = ("✓", "verified")
    INAPPLICABLE = ("\N{EN DASH}", "not applicable")
    NOT_RUN = ("·", "not run")

    def __init__(self, sign: str, words: str) -> None:
        self.sign = sign
        self.words = words

    @property
    def css(self) -> str:
        """Its name as a class in a page."""
        return self.name.lower().replace("_", "-")


_ORDER = {cell: number for number, cell in enumerate(Cell)}
_OF = {
    Because.FAILED: Cell.VIOLATED,
    Because.BROKEN: Cell.ERROR,
    Because.WAIVED: Cell.WAIVED,
    Because.PASSED: Cell.VERIFIED,
    Because.ELSEWHERE: Cell.INAPPLICABLE,
    Because.NOTHING: Cell.NOT_RUN,
}
_WHOLE = {
    Verdict.NOT_CONFORMANT: Cell.VIOLATED,
    Verdict.NOT_VERIFIED: Cell.UNVERIFIED,
    Verdict.WAIVED: Cell.WAIVED,
    Verdict.CONFORMANT: Cell.VERIFIED,
}


def worst(found: Iterable[Cell]) -> Cell:
    """The worst of several; NOT_RUN of none."""
    return min(found, key=_ORDER.__getitem__, default=Cell.NOT_RUN)


def of_verdict(verdict: Verdict) -> Cell:
    """The sign of the verdict on a run or a kernel."""
    return _WHOLE[verdict]


def of_result(result: SpecResult) -> Cell:
    """What one spec says about the clauses that it cites."""
    return _of(because(result))


def of_clause(found: ClauseVerdict, clause: Clause | None, ran: bool) -> Cell:
    """The verdict on a clause that holds there, or that this version does not know.

    ``ran``: whether one of its specs is in the report, even as skipped.
    """
    if not ran:
        return Cell.NOT_RUN
    cell = _of(found.because)
    if clause is None:
        return cell
    if cell is Cell.INAPPLICABLE:
        # It holds, but none of its specs is for this revision.
        return Cell.NOT_RUN
    return Cell.DIVERGENT if clause.divergent and cell is Cell.VERIFIED else cell


def _of(why: Because) -> Cell:
    return _OF.get(why, Cell.UNVERIFIED)
