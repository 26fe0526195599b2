"""xdist: whether this process is a worker, and what a worker tells the controller.

A worker can't end the run with an error, so it sends the cause to the controller.
Not for: a test's result; that travels in its reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

# Keys of xdist's workeroutput: what the worker found wrong, why it has no backend, and why it
# stopped before its end.
PROBLEM, NO_TARGET, LOST = "kvmpmu_problem", "kvmpmu_no_target", "kvmpmu_lost"


def is_worker(config: pytest.Config) -> bool:
    """Whether this process runs tests for an xdist controller, which leads the run."""
    return bool(given(config))


def given(config: pytest.Config) -> Mapping[str, Any]:
    """What the controller gave this worker (xdist's workerinput); empty in any other process."""
    found: Mapping[str, Any] = getattr(config, "workerinput", {})
    return found


def tell_controller(config: pytest.Config, key: str, value: Any) -> bool:
    """Send ``value`` to the controller; False if there is none."""
    if not is_worker(config):
        return False
    config.workeroutput[key] = value  # type: ignore[attr-defined]  # xdist's
    return True


def said_by(node: Any) -> Mapping[str, Any] | None:
    """What an xdist worker that ended sent to its controller; None for one that crashed."""
    found: Mapping[str, Any] | None = getattr(node, "workeroutput", None)
    return found
