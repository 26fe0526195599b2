"""Keeping Python's garbage collector from what lives as long as the run.

What pytest made of the specs when it collected them stays until the end.  The collector would look
through all of it time and again, and once more as Python ends: together that takes longer than all
of the model's answers.  What the tests make is collected as ever, and pytest tells as ever what of
it can't be disposed of.
"""

from __future__ import annotations

import gc


class Spared:
    """What the collector passes over; a process has one such set, whoever put something there."""

    def __init__(self) -> None:
        self._ours = False

    def begin(self) -> None:
        """Pass over all that there is now."""
        if hasattr(gc, "freeze"):  # PyPy has no such thing
            gc.freeze()
            self._ours = True

    def end(self) -> None:
        """Pass over nothing, if `begin` was called: by an earlier run in this process."""
        if self._ours:
            gc.unfreeze()
            self._ours = False


spared = Spared()
