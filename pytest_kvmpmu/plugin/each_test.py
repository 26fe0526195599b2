"""The hooks around each test, registered once a run begins.

Not in `plugin`, which imports nothing: an import within a hook costs time at each call.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from . import applicability, backend, calls, workers
from .config import strict_spec
from .results import tell


def start(config: pytest.Config) -> None:
    """Register the hooks that this process of a run needs."""
    register = config.pluginmanager.register
    register(EachTest(), "kvmpmu-each-test")
    if strict_spec(config):
        register(Strict(), "kvmpmu-strict-spec")
    if workers.is_worker(config):
        register(InWorker(), "kvmpmu-in-worker")


class EachTest:
    """Skips tests that do not apply, and reports the results of the rest."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        applicability.skip_unless_applicable(item)
        backend.name_test(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed:
            calls.attach_script(item, report)
        tell.hear(item, call, report)
        if report.when == "teardown":
            calls.let_go(item)
            backend.stop_if_lost(item)
        return report


class Strict:
    """``--kvmpmu-strict-spec``: fails tests that passed, if text and kernel differ."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None]:
        yield
        applicability.fail_if_divergent(item)


class InWorker:
    """Keeps an xdist worker that should stop from running a test.

    A worker runs its first test before it checks ``shouldstop``.  It must not end before it
    received that test: the controller would crash.
    """

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> bool | None:
        return True if item.session.shouldstop else None
