"""The lifetime of a run's backend: made at its first use, closed at the end, or lost before.

Not for: which backend it is (`choose`), or what is printed about it (`header`).
"""

from __future__ import annotations

from typing import Any

import pytest

from ..backends.base import Backend, PerTest
from ..choose import make_backend
from ..errors import BackendFailure, UsageProblem
from . import workers
from .config import EXTENSIONS, OURS, settings_of, usage_error, usage_errors
from .items import name_of
from .recording import RECORDER

# The backend of a run.
BACKEND: pytest.StashKey[Backend] = pytest.StashKey()
# The same, if it keeps tests apart.
PER_TEST: pytest.StashKey[PerTest | None] = pytest.StashKey()
# Why there is no backend, once that is known.
NO_BACKEND: pytest.StashKey[pytest.UsageError] = pytest.StashKey()
# Why the run stops before its end.
STOPPED: pytest.StashKey[str] = pytest.StashKey()
# What an xdist worker found wrong before it could begin.
_WORKERS_PROBLEM: pytest.StashKey[str] = pytest.StashKey()


def backend_of(config: pytest.Config) -> Backend:
    """The backend of this run, started at the first call.

    Raises pytest.UsageError with cause and remedy if it is unavailable.
    """
    if NO_BACKEND in config.stash:
        raise config.stash[NO_BACKEND]
    if BACKEND not in config.stash:
        settings = settings_of(config)
        made = _make(config)
        recorder = config.stash.get(RECORDER, None)
        if recorder is not None:
            made = recorder.wrap(made, settings.place)
        config.stash[BACKEND] = made
        config.stash[PER_TEST] = made if isinstance(made, PerTest) else None
    return config.stash[BACKEND]


def _make(config: pytest.Config) -> Backend:
    """Make the backend.  Raises pytest.UsageError if the run requires another host."""
    from .gate import options

    settings = settings_of(config)
    try:
        with usage_errors(BackendFailure):
            backend = make_backend(settings, config.stash[EXTENSIONS])
            try:
                options.check(config, settings, backend.host)
            except UsageProblem:
                backend.close()
                raise
    except pytest.UsageError as error:
        config.stash[NO_BACKEND] = error
        raise
    return backend


def start(session: pytest.Session) -> None:
    """Start the backend.  If that fails in a worker, it tells the controller and stops."""
    try:
        backend_of(session.config)
    except pytest.UsageError as error:
        if not workers.tell_controller(session.config, workers.PROBLEM, str(error.__cause__)):
            raise
        if NO_BACKEND in session.config.stash:
            workers.tell_controller(session.config, workers.NO_TARGET, str(error))
        session.shouldstop = "pytest-kvmpmu: a worker has no backend"


def name_test(item: pytest.Item) -> None:
    """Pass the name of the next test to a backend that keeps tests apart."""
    apart = item.config.stash.get(PER_TEST, None)
    if apart is not None:
        apart.begin(name_of(item))


def stop_if_lost(item: pytest.Item) -> None:
    """Stop the run after this test if its backend is lost; a worker tells the controller."""
    backend = item.config.stash.get(BACKEND, None)
    if backend is None or not backend.lost:
        return
    item.config.stash[STOPPED] = backend.lost
    workers.tell_controller(item.config, workers.LOST, backend.lost)
    item.session.shouldstop = f"pytest-kvmpmu: {backend.lost.splitlines()[0]}"


def stopped(config: pytest.Config) -> list[str]:
    """Why the run stopped before its end, if it did."""
    text = config.stash.get(STOPPED, "")
    return ["", "the run was stopped:", *text.splitlines()] if text else []


def close(config: pytest.Config) -> None:
    """Close the backend if there is one."""
    backend = config.stash.get(BACKEND, None)
    if backend is not None:
        backend.close()
        del config.stash[BACKEND], config.stash[PER_TEST]


def worker_ended(node: Any) -> None:
    """Store what an xdist worker that ended reported about its backend."""
    stash, said = node.config.stash, workers.said_by(node) or {}
    if workers.PROBLEM in said:
        stash[_WORKERS_PROBLEM] = said[workers.PROBLEM]
    if workers.NO_TARGET in said:
        stash[NO_BACKEND] = pytest.UsageError(said[workers.NO_TARGET])
    if workers.LOST in said:
        stash[STOPPED] = said[workers.LOST]


def no_target(config: pytest.Config) -> str:
    """Why this run, or one of its workers, has no backend; or the empty string."""
    error = config.stash.get(NO_BACKEND, None)
    return "" if error is None else str(error).removeprefix(OURS)


def end_for_workers(config: pytest.Config, none_began: bool) -> None:
    """Raises pytest.UsageError with a worker's error if the workers could not begin.

    ``none_began``: no worker had a backend.
    """
    if _WORKERS_PROBLEM in config.stash:
        raise usage_error(config.stash[_WORKERS_PROBLEM])
    if none_began and config.getoption("numprocesses", None) and NO_BACKEND in config.stash:
        raise config.stash[NO_BACKEND]
