"""What the lab says about itself: the last lines of its console, its failure, its progress."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable

LINES_KEPT = 50

Progress = Callable[[str], None]
"""Takes one short line about what is being done now."""


class LabFailure(Exception):
    """The lab was to be had and broke: a VM that died, a tool that failed.  One message."""


class Console:
    """The last lines that a machine printed outside of frames."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)

    def append(self, text: str) -> None:
        """Keep ``text``: one line or several; empty ones are not worth keeping."""
        self._lines.extend(line.rstrip() for line in text.splitlines() if line.strip())

    def tail(self) -> str:
        """What was kept, oldest first; ends without a newline."""
        return "\n".join(self._lines)

    def died(self, what: str) -> LabFailure:
        """The failure that says ``what`` happened and shows the tail."""
        tail = self.tail()
        shown = f"last console lines:\n{tail}" if tail else "its console stayed silent"
        return LabFailure(f"{what}; {shown}")


def to_stderr(text: str) -> None:
    """Progress as lines on standard error."""
    sys.stderr.write(f"kvmpmu lab: {text}\n")
    sys.stderr.flush()
