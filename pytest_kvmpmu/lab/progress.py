"""Progress of long work, as short lines."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

# Least time between two lines about the same thing.
SECONDS_BETWEEN = 1.0

Progress = Callable[[str], None]
"""Takes one short line about what is being done now."""


class Meter:
    """Progress of ``what``, which has ``whole`` bytes: a line for each tenth, if it is slow."""

    def __init__(self, progress: Progress, what: str, whole: int) -> None:
        self._progress = progress
        self._what = what
        self._whole = whole
        self._shown = 0
        self._when = time.monotonic()

    def at(self, have: int) -> None:
        """``have`` bytes are done; fewer than before are ignored."""
        percent = 100 * have // self._whole if self._whole else 100
        now = time.monotonic()
        if percent >= self._shown + 10 and now >= self._when + SECONDS_BETWEEN:
            self._shown, self._when = percent, now
            self._progress(f"{self._what}: {percent} % of {megabytes(self._whole)}")

    def after(self, done: int) -> Callable[[int], None]:
        """`at` for the next of several files; the earlier ones had ``done`` bytes in all."""
        return lambda have: self.at(done + have)


def megabytes(size: int) -> str:
    """``size`` in bytes as readable text."""
    return f"{size / 1e6:.0f} MB" if size >= 1_000_000 else f"{size / 1e3:.0f} kB"


def to_stderr(text: str) -> None:
    """Progress as lines on standard error."""
    sys.stderr.write(f"kvmpmu lab: {text}\n")
    sys.stderr.flush()
