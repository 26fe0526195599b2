"""What an xdist worker leaves for the controller: a worker can't end the run with an error.

Not for: what came of a test; that travels in its reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from .config import OURS, usage_error
from .stash import GATHERED, NO_BACKEND, STOPPED

# Keys of xdist's workeroutput: what the worker found wrong, why it has no backend, and why it
# stopped before its end.
PROBLEM, NO_TARGET, LOST = "kvmpmu_problem", "kvmpmu_no_target", "kvmpmu_lost"

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
    if NO_TARGET in output:
        config.stash[NO_BACKEND] = pytest.UsageError(output[NO_TARGET])
    if LOST in output:
        config.stash[STOPPED] = output[LOST]


def no_target(config: pytest.Config) -> str:
    """Why this run, or one of its workers, has no backend; or the empty string."""
    error = config.stash.get(NO_BACKEND, None)
    return "" if error is None else str(error).removeprefix(OURS)


def end_for_workers(config: pytest.Config) -> None:
    """pytest.UsageError where the workers could not begin, with what one of them said."""
    if _WORKERS_PROBLEM in config.stash:
        raise usage_error(config.stash[_WORKERS_PROBLEM])
    if config.getoption("numprocesses", None) and NO_BACKEND in config.stash:
        run = config.stash[GATHERED].run
        if run is None or run.missing:  # no worker had one either
            raise config.stash[NO_BACKEND]
