"""``--kvmpmu-require=guest-run``: whether a guest was entered, and reported back.

Has the hooks of both sides: the first for the process of the test, the second for the controller.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from ..calls import SESSION

# The attribute of a test's last report that says so.
_RAN = "kvmpmu_guest_run"


class GuestRun:
    """``seen``: a KVM_RUN returned because the guest accessed its report address."""

    def __init__(self) -> None:
        self.seen = False

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        session = item.config.stash.get(SESSION, None)
        if report.when == "teardown" and session is not None:
            outcomes = [outcome for _, outcome in session.record if outcome is not None]
            ran = any(o.ret == 0 and o.exit and o.exit.mmio for o in outcomes)
            setattr(report, _RAN, ran)
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seen = self.seen or getattr(report, _RAN, False)
