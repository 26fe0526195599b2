"""Excludes objects that live as long as the run from Python's garbage collection.

What pytest creates when it collects the specs stays until the end.  The collector would scan all
of it again and again, and once more as Python exits: together that takes longer than all of the
model's answers.  What the tests create is collected as usual, and pytest still reports errors in
finalizers.
"""

from __future__ import annotations

import gc
import sys


class Spared:
    """The objects that the collector ignores; a process has only one such set."""

    def __init__(self) -> None:
        self._ours = False

    def begin(self) -> None:
        """Ignore all objects that exist now.

        Not if Hypothesis is loaded: it asks the collector who refers to its random generator, does
        not see the referrers that are ignored, and warns.
        """
        if hasattr(gc, "freeze") and "hypothesis" not in sys.modules:  # PyPy has no gc.freeze
            gc.freeze()
            self._ours = True

    def end(self) -> None:
        """Ignore nothing any more, if an earlier run in this process called `begin`."""
        if self._ours:
            gc.unfreeze()
            self._ours = False


spared = Spared()
