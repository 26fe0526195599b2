"""The last lines of a machine's console."""

from __future__ import annotations

from collections import deque

from ..failure import LabFailure

LINES_KEPT = 50
LINES_SEARCHED = 2000


class Console:
    """The last lines that a machine printed outside of frames."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES_SEARCHED)

    def append(self, text: str) -> None:
        """Keep ``text``: one line or several; empty ones are dropped."""
        self._lines.extend(line.rstrip() for line in text.splitlines() if line.strip())

    def tail(self) -> str:
        """The last `LINES_KEPT` lines, oldest first; ends without a newline."""
        return "\n".join(list(self._lines)[-LINES_KEPT:])

    def text(self) -> str:
        """The last `LINES_SEARCHED` lines, enough for a boot."""
        return "\n".join(self._lines)

    def died(self, what: str) -> LabFailure:
        """The failure with the cause ``what`` and the tail."""
        tail = self.tail()
        shown = f"last console lines:\n{tail}" if tail else "its console printed nothing"
        return LabFailure(f"{what}; {shown}")
