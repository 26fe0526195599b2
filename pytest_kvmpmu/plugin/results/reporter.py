"""The hooks of a run that is reported: registered only then, and imported (`reporting`).

A report is written when the run ends: a whole file under its name, or none.  A run that ended
early still writes one, marked as partial.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from ...errors import UsageProblem
from ...report.pages.forms import form_of
from ...report.pages.words import many
from ...report.results.document import Report
from ...support.whole_file import WholeFile
from .gather import CONCLUSION, Gathering
from .no_target import reason
from .selecting import SELECTING


class Reporter:
    """Writes the files ``paths``, relative to ``base``, at the end of a run.

    Raises `UsageProblem`, before the run, for an unknown ending and for a file that can't be
    written.  A file of an earlier run is removed first.
    """

    def __init__(self, base: Path, paths: Sequence[str], gathering: Gathering) -> None:
        self._base = base
        self._gathering = gathering
        self._files: list[WholeFile] = []
        self._ended: set[tuple[str, str]] = set()
        self._not_collected = 0
        self.said: list[str] = []
        try:
            for path in dict.fromkeys(base / path for path in paths):
                form_of(path)
                self._files.append(WholeFile(path, "report"))
        except UsageProblem:
            self.pytest_unconfigure()
            raise
        for file in self._files:
            file.path.unlink(missing_ok=True)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._not_collected += report.failed

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when not in ("setup", "call"):  # xdist uses another one for a lost worker
            self._ended.add((report.nodeid, report.location[0]))

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        try:
            self._write(session)
        except UsageProblem as problem:
            self.said.append(f"not reported: {problem}")
            session.exitstatus = session.exitstatus or pytest.ExitCode.USAGE_ERROR

    def pytest_unconfigure(self) -> None:
        for file in self._files:
            file.discard()

    def _write(self, session: pytest.Session) -> None:
        run = self._gathering.run
        if run is None:
            raise UsageProblem(
                "no test that used a kernel or the model ended",
                "Run specs, for example: pytest conformance",
            )
        if self._gathering.kernels_differ:
            raise UsageProblem("the workers ran on different kernels or hosts", "Run without -n")
        results = self._gathering.results
        left_out = session.config.stash[SELECTING].left_out(results)
        partial = reason(run.missing) if run.missing else ""
        partial = partial or self._partial(session.testscollected)
        conclusion = session.config.stash.get(CONCLUSION, None)
        report = Report(run, tuple(results), partial, left_out, conclusion)
        for file in self._files:
            file.write(form_of(file.path)(report))
            file.finish()
            near = file.path.is_relative_to(self._base)
            name = file.path.relative_to(self._base) if near else file.path
            self.said.append(f"reported {many(len(report.results), 'spec')} in {name}")
        if report.partial:
            self.said.append(f"partial: {report.partial}")

    def _partial(self, collected: int) -> str:
        if self._not_collected:
            return f"{many(self._not_collected, 'file')} could not be collected"
        if len(self._ended) < collected:
            return f"the run ended early, after {len(self._ended)} of {collected} tests"
        return ""
