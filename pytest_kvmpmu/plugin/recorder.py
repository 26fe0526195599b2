"""The hooks of a run that is recorded: registered only then, and imported (`recording`).

The file is written only if every test of the run ended, passed or not: a part of a run
would look like a whole one.  Under xdist each worker writes its own part, and the
controller joins them in the order of collection.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

from ..backends.base import Backend
from ..backends.recording import RecordingBackend
from ..errors import UsageProblem
from ..recording.join import join
from ..recording.reader import read
from ..recording.writer import Writer
from . import workers
from .items import name_of

# Keys of xdist's workerinput and workeroutput: the folder for parts; a part's name and tests.
FOLDER, PART, TESTS = "kvmpmu_parts", "kvmpmu_part", "kvmpmu_tests"


class Recorder:
    """Records the run of ``config`` in the file ``path``."""

    def __init__(self, config: pytest.Config, path: Path):
        self._worker = workers.is_worker(config)
        if self._worker:
            given = workers.given(config)
            path = Path(given[FOLDER]) / f"{given['workerid']}.jsonl"
        self._writer = Writer(path)
        self._ended: set[str] = set()
        self._parts: list[Path] = []
        self._tests: list[str] = []
        self._folder: Path | None = None
        self._lost = False
        self.said = ""

    def wrap(self, backend: Backend, target: str | None) -> Backend:
        """``backend``, recorded."""
        return RecordingBackend(backend, self._writer, target)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """xdist: a worker is about to start."""
        self._folder = self._folder or Path(tempfile.mkdtemp(prefix="kvmpmu-record-"))
        node.workerinput[FOLDER] = str(self._folder)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """xdist: a worker ended.  One that crashed sent no output."""
        output = workers.said_by(node)
        if output is None:
            self._lost = True
            return
        self._tests = output.get(TESTS, self._tests)
        if output.get(PART):
            self._parts.append(Path(output[PART]))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._ended.add(nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        try:
            if self._worker:
                self._finish_part(session)
            else:
                self._finish(session.testscollected)
        except UsageProblem as problem:
            self.said = f"not recorded: {problem}"
            session.exitstatus = pytest.ExitCode.USAGE_ERROR

    def pytest_unconfigure(self) -> None:
        self._writer.discard()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _finish_part(self, session: pytest.Session) -> None:
        tests = [name_of(item) for item in session.items]
        workers.tell_controller(session.config, TESTS, tests)
        if self._writer.header is not None:
            self._writer.finish()
            workers.tell_controller(session.config, PART, str(self._writer.path))

    def _finish(self, collected: int) -> None:
        if len(self._ended) < collected:
            self.said = (
                f"not recorded: the run ended early, after {len(self._ended)} of {collected} tests"
            )
            return
        if self._lost:
            self.said = "not recorded: a worker was lost, and with it what it recorded"
            return
        if self._parts:
            join([read(part) for part in self._parts], self._tests, self._writer)
        if self._writer.header is None:
            self.said = "not recorded: no test used a kernel or the model"
            return
        self._writer.finish()
        counts = f"{self._writer.worlds} worlds, {self._writer.calls} calls"
        self.said = f"recorded {counts} in {self._writer.path}"
