"""The hook in the process that runs tests: a failure that a waiver lists becomes expected.

Only a failure with the listed errno or message is waived.  An error of the suite, or of the
backend, says nothing about the kernel and is never waived.

Not for: whether waivers still hold.  That takes the whole run (`waivers.stale`).
"""

from __future__ import annotations

import datetime
from collections.abc import Generator, Sequence

import pytest

from ...report.results.result import Status
from ...waivers.file import Waiver
from ..backend import BACKEND
from ..items import name_of
from ..marks import MARKS
from ..results.tell import is_spec, outcome

# For JUnit and others: the entry that was used.
WAIVER = "kvmpmu_waiver"


class Waiving:
    """Waives what ``waivers`` list."""

    def __init__(self, waivers: Sequence[Waiver]) -> None:
        today = datetime.date.today()
        self._waivers = [waiver for waiver in waivers if not waiver.expired(today)]

    # Innermost, so that all other hooks see the waiver.
    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        report = yield
        if report.failed and call.excinfo is not None and is_spec(item):
            status, message, errno = outcome(call.excinfo.value, report.longreprtext)
            waiver = self._find(item, errno, message) if status is Status.FAIL else None
            if waiver is not None:
                report.outcome = "skipped"
                # The attribute that pytest's own xfail sets.
                report.wasxfail = f"{waiver.reason} ({waiver.link})"
                for there in (item.user_properties, report.user_properties):
                    there.append((WAIVER, str(waiver)))
        return report

    def _find(self, item: pytest.Item, errno: str, message: str) -> Waiver | None:
        backend = item.config.stash.get(BACKEND, None)
        name, cited = name_of(item), tuple(c.slug for c in item.stash[MARKS].clauses)
        for waiver in self._waivers:
            if backend is not None and not waiver.is_for(backend.release, backend.host.name):
                continue
            if waiver.covers(name, cited) and waiver.expects(errno, message):
                return waiver
        return None
