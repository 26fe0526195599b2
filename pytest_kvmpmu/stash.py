"""What a run and its tests keep from one hook to the next: the keys of pytest's stashes.

Not for: a key that one module alone uses; that stands there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .backends.base import Backend, PerTest
    from .extensions import Extensions
    from .kvm import Session
    from .marks import Marks
    from .recorder import Recorder
    from .report.gather import Gathering
    from .report.reporter import Reporter
    from .settings import Settings

# Of a run.
SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
EXTENSIONS: pytest.StashKey[Extensions] = pytest.StashKey()
BACKEND: pytest.StashKey[Backend] = pytest.StashKey()
# The same, if it is one that keeps tests apart.
PER_TEST: pytest.StashKey[PerTest | None] = pytest.StashKey()
# Why there is no backend, once that is known.
NO_BACKEND: pytest.StashKey[pytest.UsageError] = pytest.StashKey()
GATHERED: pytest.StashKey[Gathering] = pytest.StashKey()
RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()
REPORTER: pytest.StashKey[Reporter] = pytest.StashKey()
# Whether the calls of specs that passed are wanted too.
KEEP_CALLS: pytest.StashKey[bool] = pytest.StashKey()
# Why the run stops before its end.
STOPPED: pytest.StashKey[str] = pytest.StashKey()
# Of the test that is running, until its teardown was reported.
SESSION: pytest.StashKey[Session] = pytest.StashKey()

# Of a test.
MARKS: pytest.StashKey[Marks] = pytest.StashKey()
