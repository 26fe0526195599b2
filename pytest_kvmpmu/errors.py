"""The errors that this project shows to its users.

Not for: errno values of ioctls.  Those are `kvm.KvmError`, and part of what is tested.
"""

from __future__ import annotations

from collections.abc import Iterable

# A message lists at most this many names.
_MOST = 24


class UsageProblem(Exception):
    """Something that the user can fix: a bad value, a bad file, a missing program.

    ``cause`` is one sentence on what is wrong and where; ``remedy`` one sentence
    on what would be right.  Neither ends in a full stop.
    """

    def __init__(self, cause: str, remedy: str) -> None:
        super().__init__(cause, remedy)
        self.cause = cause
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.cause}. {self.remedy}."


class BackendFailure(Exception):
    """The backend itself failed or does not answer: this says nothing about the kernel."""


def unknown(what: str, got: object, names: Iterable[object]) -> UsageProblem:
    """The error for a name that is not one of ``names``; suggests the nearest."""
    import difflib  # only ever needed here, and slow to import

    listed = [str(name) for name in names]
    near = difflib.get_close_matches(str(got), listed, n=1)
    hint = f"Did you mean {near[0]!r}? " if near else ""
    shown = ", ".join(listed[:_MOST]) + (", ..." if len(listed) > _MOST else "")
    return UsageProblem(f"unknown {what} {got!r}", f"{hint}Known: {shown}")
