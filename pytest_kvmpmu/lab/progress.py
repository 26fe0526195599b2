"""Progress of long work, as short lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

# Between two lines about the same thing.
SECONDS_BETWEEN = 1.0

Progress = Callable[[str], None]
"""Takes one short line about what is being done now."""


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
