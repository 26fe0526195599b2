"""What a wrong kernel is: a change to the model, for one revision."""

from __future__ import annotations

from typing import Protocol

from pytest_kvmpmu.data.revision import Revision

from .reader import Reader


class Wrong(Protocol):
    """Frozen, of plain values; its text is a unique name within its revision."""

    @property
    def kind(self) -> str:
        """What was done: drop, errno, since, until, swap, by hand."""

    @property
    def clauses(self) -> frozenset[str]:
        """The clauses that it breaks: a spec that cites one must fail."""

    @property
    def outward(self) -> bool:
        """Something holds in a revision too many, in which no spec that cites its clause runs."""

    def implied_anyway(self, wanted: Revision) -> bool:
        """What holds in a revision too many is already implied there by something else."""

    def reached(self, reader: Reader) -> bool:
        """Whether a spec that had ``reader`` can notice."""

    def install(self, wanted: Revision) -> None:
        """Make this process's model wrong."""
