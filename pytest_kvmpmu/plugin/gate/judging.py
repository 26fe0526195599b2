"""The hooks of the controller: the run's verdict, the state of its waivers, its exit status.

They never improve an exit status, and keep one that is worse than "tests failed".
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

import pytest

from ...errors import UsageProblem
from ...report.results.conclusion import Conclusion
from ...report.results.result import SpecResult, Status
from ...report.results.selection import Selection
from ...settings import CONFORMANT, GATE, REQUIRE, UPDATE_WAIVERS
from ..backend import no_target
from ..results.gather import CONCLUSION, GATHERED
from ..results.selecting import SELECTING
from .guest_run import GuestRun
from .options import GUEST_RUN, Asked

if TYPE_CHECKING:
    from ...report.verdict.judge import Verdicts
    from ...waivers.stale import Checked


class Judge:
    """Judges the run of ``config``, in the controller.

    At its end ``verdict`` and ``checked`` hold the results; ``failures`` says why the gate fails
    the run (a sentence each), ``met`` that it passes; ``changes`` lists the changes to the waiver
    file.
    """

    verdict: Verdicts
    checked: Checked

    def __init__(self, config: pytest.Config, asked: Asked, guest: GuestRun | None) -> None:
        self.config = config
        self.asked = asked
        self.failures: list[str] = []
        self.changes: list[str] = []
        self.met = ""
        self._selecting = config.stash[SELECTING]
        self._guest = guest
        self._selection = Selection()

    @property
    def results(self) -> list[SpecResult]:
        """Each spec's result, sorted by name."""
        return self.config.stash[GATHERED].results

    @property
    def concerned(self) -> bool:
        """Whether the run had specs, or should have had some, and had a target."""
        if no_target(self.config):
            return False
        return bool(self._selection.specs or self.results or self.asked.insists)

    @property
    def suspects(self) -> list[str]:
        """The specs that show that a waiver is stale."""
        return [spec for found in self.checked.stale for spec in found.specs]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        self._selection = self._selecting.selection or Selection()
        if not self.concerned:
            return
        self._judge()
        if self.asked.update:
            self._update(session)
        self.config.stash[CONCLUSION] = Conclusion(
            self.verdict.verdict, self.verdict.here, self.asked.gate, tuple(self.failures)
        )
        if self.failures and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @property
    def _on(self) -> tuple[str, str] | None:
        """The names that the run's kernel and board report."""
        run = self.config.stash[GATHERED].run
        return None if run is None else (run.kernel, run.board)

    def _judge(self) -> None:
        # Imported late: most runs have no spec.
        from ...report.verdict.judge import Verdicts, judge
        from ...waivers.stale import check

        gathered, results = self.config.stash[GATHERED], self.results
        run = gathered.run
        self.verdict = (
            Verdicts({})
            if run is None or run.revision is None
            else judge(results, run.revision, run.host, self._selecting.left_out(results))
        )
        today = datetime.date.today()
        self.checked = check(self.asked.waivers, results, self._selection, self._on, today)
        self.failures = self._failures(gathered.kernels_differ)

    def _failures(self, kernels_differ: bool) -> list[str]:
        found = [f"stale waiver: {stale}" for stale in self.checked.stale]
        if self.asked.gate:
            strict = self.asked.gate == CONFORMANT
            got = self.verdict.verdict if strict else self.verdict.here
            if not got.green:
                found.append(f"{GATE.flag}={self.asked.gate} is not met: {got.value}")
            elif kernels_differ:
                found.append(f"{GATE.flag}: the workers ran on different kernels or hosts")
            else:
                self.met = f"{GATE.flag}={self.asked.gate} is met"
        if self._guest is not None and not self._guest.seen:
            found.append(f"{REQUIRE.flag}={GUEST_RUN} is not met: no spec ran a guest")
        if self.asked.require and not any(
            result.status not in (Status.SKIP, Status.MISS) for result in self.results
        ):
            found.append(f"{REQUIRE.flag}: no spec ran")
        return found

    def _update(self, session: pytest.Session) -> None:
        """Rewrite the waiver file, unless the run was partial."""
        why, on = self._partial(session), self._on
        try:
            if why or on is None:
                raise UsageProblem(
                    f"the waivers were not rewritten: {why or 'no spec used a kernel'}",
                    "Run all specs, to the end",
                )
            self._rewrite(on)
        except UsageProblem as problem:
            self.failures.append(f"{UPDATE_WAIVERS.flag}: {problem}")

    def _rewrite(self, on: tuple[str, str]) -> None:
        from ...waivers import rewrite  # tomlkit is slow to import

        path = self.asked.path
        assert path is not None  # the option was checked
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            new, changes = rewrite.rewritten(
                text, self.asked.waivers, self.results, self.checked, on
            )
            if new != text:
                from ...support import whole_file  # a file is rarely rewritten

                whole_file.write(path, new, "waiver file")
        except OSError as error:
            raise UsageProblem(
                f"{path} cannot be read: {error.strerror}", "Name a file that can be read"
            ) from error
        self.changes = changes or ["nothing to change"]

    def _partial(self, session: pytest.Session) -> str:
        """Why this is not a complete run, or the empty string."""
        if not self._selection.specs:
            return "there was no spec"
        left = sorted(self._selection.deselected)
        if left:
            return f"{len(left)} specs were deselected, like {left[0]}"
        if self._selection.narrowed:
            return f"not all of {min(self._selection.narrowed)} was collected"
        if self._selecting.unread:
            return f"{self._selecting.unread} could not be collected"
        if self._selecting.lost:
            return "a worker was lost"
        broken = [result for result in self.results if result.status is Status.ERROR]
        if broken:
            return f"{broken[0].spec} ended in an error: {broken[0].reason}"
        ended = {result.spec for result in self.results}
        absent = [spec for spec in self._selection.specs if spec not in ended]
        if absent:
            return f"the run ended early, without {absent[0]}"
        if session.exitstatus not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            return "the run was interrupted"
        if self.checked.untried:
            return f"it had no spec for {self.checked.untried[0]}"
        return ""
