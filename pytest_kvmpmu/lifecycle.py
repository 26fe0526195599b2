"""The life of a run's backend: made at its first use, closed at the end, or lost before.

Not for: which backend it is (`settings`), or what is printed of it (`header`).
"""

from __future__ import annotations

import pytest

from . import xdist
from .backends.base import Backend, BackendFailure, PerTest
from .config import settings_of, usage_errors
from .errors import UsageProblem
from .items import name_of
from .stash import BACKEND, NO_BACKEND, PER_TEST, RECORDER, STOPPED


def backend_of(config: pytest.Config) -> Backend:
    """The backend of this run, started at the first call.

    Raises pytest.UsageError with cause and remedy where it can't be had.
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
    """The backend, if it is one that the run may be on."""
    from .gate import options

    settings = settings_of(config)
    try:
        with usage_errors(BackendFailure):
            backend = settings.make_backend()
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
    """Start the backend.  A worker where that fails leaves word and asks for the run's end."""
    try:
        backend_of(session.config)
    except pytest.UsageError as error:
        if not xdist.tell_controller(session.config, xdist.PROBLEM, str(error.__cause__)):
            raise
        if NO_BACKEND in session.config.stash:
            xdist.tell_controller(session.config, xdist.NO_TARGET, str(error))
        session.shouldstop = "pytest-kvmpmu: a worker has no backend"


def name_test(item: pytest.Item) -> None:
    """Tell a backend that keeps tests apart which one is next."""
    apart = item.config.stash.get(PER_TEST, None)
    if apart is not None:
        apart.begin(name_of(item))


def stop_if_lost(item: pytest.Item) -> None:
    """End the run after this test if its backend is of no more use; says so to a controller."""
    backend = item.config.stash.get(BACKEND, None)
    if backend is None or not backend.lost:
        return
    item.config.stash[STOPPED] = backend.lost
    xdist.tell_controller(item.config, xdist.LOST, backend.lost)
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
