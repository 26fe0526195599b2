"""What the lab says about itself: the last lines of its console, its failure, its progress."""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Callable

LINES_KEPT = 50
LINES_SEARCHED = 2000
# Between two lines about the same thing.
SECONDS_BETWEEN = 1.0

Progress = Callable[[str], None]
"""Takes one short line about what is being done now."""


class LabFailure(Exception):
    """The lab was to be had and broke: a VM that died, a tool that failed.  One message."""


class Console:
    """The last lines that a machine printed outside of frames."""

    def __init__(self) -> None:
        self._lines: deque[str] = deque(maxlen=LINES_SEARCHED)

    def append(self, text: str) -> None:
        """Keep ``text``: one line or several; empty ones are not worth keeping."""
        self._lines.extend(line.rstrip() for line in text.splitlines() if line.strip())

    def tail(self) -> str:
        """The last `LINES_KEPT` lines, oldest first; ends without a newline."""
        return "\n".join(list(self._lines)[-LINES_KEPT:])

    def text(self) -> str:
        """All that a boot says, to be searched."""
        return "\n".join(self._lines)

    def died(self, what: str) -> LabFailure:
        """The failure that says ``what`` happened and shows the tail."""
        tail = self.tail()
        shown = f"last console lines:\n{tail}" if tail else "its console stayed silent"
        return LabFailure(f"{what}; {shown}")


class Meter:
    """Progress of something of ``whole`` bytes: ``what``, at each tenth, if that takes a while."""

    def __init__(self, progress: Progress, what: str, whole: int) -> None:
        self._progress = progress
        self._what = what
        self._whole = whole
        self._told = 0
        self._when = time.monotonic()

    def at(self, have: int) -> None:
        """``have`` bytes are done; fewer than before is no news."""
        percent = 100 * have // self._whole if self._whole else 100
        now = time.monotonic()
        if percent >= self._told + 10 and now >= self._when + SECONDS_BETWEEN:
            self._told, self._when = percent, now
            self._progress(f"{self._what}: {percent} % of {megabytes(self._whole)}")

    def after(self, done: int) -> Callable[[int], None]:
        """`at` for the next of several files, the first of which had ``done`` bytes."""
        return lambda have: self.at(done + have)


def megabytes(size: int) -> str:
    """``size`` bytes for people."""
    return f"{size / 1e6:.0f} MB" if size >= 1_000_000 else f"{size / 1e3:.0f} kB"


def to_stderr(text: str) -> None:
    """Progress as lines on standard error."""
    sys.stderr.write(f"kvmpmu lab: {text}\n")
    sys.stderr.flush()
