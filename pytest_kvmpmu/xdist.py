"""What an xdist worker leaves for the controller: a worker can't end the run with an error.

Not for: what came of a test; that travels in its reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from .config import usage_error
from .stash import STOPPED

# Keys of xdist's workeroutput: what the worker found wrong, and why it stopped before its end.
PROBLEM, LOST = "kvmpmu_problem", "kvmpmu_lost"

_WORKERS_PROBLEM = pytest.StashKey[str]()


def is_worker(config: pytest.Config) -> bool:
    """Whether this process runs tests for an xdist controller, which leads the run."""
    return hasattr(config, "workerinput")


def tell_controller(config: pytest.Config, key: str, text: str) -> bool:
    """Leave ``text`` for the controller; False where there is none."""
    output = getattr(config, "workeroutput", None)
    if output is None:
        return False
    output[key] = text
    return True


def heed_worker(config: pytest.Config, output: Mapping[str, Any]) -> None:
    """Take over what a worker left."""
    if PROBLEM in output:
        config.stash[_WORKERS_PROBLEM] = output[PROBLEM]
    if LOST in output:
        config.stash[STOPPED] = output[LOST]


def raise_problem(config: pytest.Config) -> None:
    """Raise pytest.UsageError for what a worker found wrong."""
    problem = config.stash.get(_WORKERS_PROBLEM, None)
    if problem is not None:
        raise usage_error(problem)
