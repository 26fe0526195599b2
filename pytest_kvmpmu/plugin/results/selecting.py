"""The hooks of collection: which specs there are, and which are omitted."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from ...report.results.left_out import LeftOut, left_out
from ...report.results.result import SpecResult
from ...report.results.selection import Selection, file_of
from ...support.resources import conformance_dir
from .. import workers
from ..items import name_of, uses_backend
from ..marks import DIFFERENTIAL, slugs

SELECTING = pytest.StashKey["Selecting"]()
# A key of xdist's workeroutput.
OUTPUT = "kvmpmu_selection"


class Selecting:
    """Records what the run of ``config`` collects; on an xdist controller, what a worker did.

    ``lost``: a worker crashed; ``unread``: what could not be collected.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._specs: dict[str, tuple[str, ...]] = {}
        self._deselected: set[str] = set()
        self._narrowed: dict[str, str] = {}
        self._paths: dict[str, Path] = {}
        self._collected: set[Path] = set()
        self._unread: dict[str, str] = {}
        self._noted: Selection | None = None
        self.lost = False
        self.unread = ""

    @property
    def selection(self) -> Selection | None:
        """What the run collected: each of xdist's workers collects the same.  None if unknown."""
        return self._noted

    def left_out(self, results: Iterable[SpecResult]) -> LeftOut | None:
        """What the run with these results omitted; None if that is unknown."""
        return None if self._noted is None else left_out(self._noted, results)

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self._collected.update(item.path for item in items)
        # A search runs only on request, and no verdict depends on it.
        self._deselected |= self._note(i for i in items if not i.get_closest_marker(DIFFERENTIAL))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.unread = report.nodeid
            file = file_of(report.nodeid)
            self._unread[file] = str(self._config.rootpath / file)

    # Before the run's backend is started, which may end the run.
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._note(session.items)
        self._noted = Selection(
            self._specs,
            frozenset(self._deselected),
            self._narrowed,
            {**self._beside(), **self._unread},
        )
        workers.tell_controller(self._config, OUTPUT, self._noted.to_json())

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """xdist: a worker ended.  One that crashed sent no output."""
        output = workers.said_by(node)
        if output is None:
            self.lost = True
        elif OUTPUT in output and self._noted is None:
            self._noted = Selection.from_json(output[OUTPUT])

    def _note(self, items: Iterable[pytest.Item]) -> set[str]:
        found = set()
        for item in items:
            self._collected.add(item.path)
            cited = slugs(item)
            if cited or uses_backend(item):
                name = name_of(item)
                found.add(name)
                self._specs[name] = cited
                self._paths[file_of(name)] = item.path
                if self._is_narrowed(item):
                    self._narrowed[file_of(name)] = str(item.path)
        return found

    def _is_narrowed(self, item: pytest.Item) -> bool:
        """Whether the rest of the item's file may not have been collected."""
        if self._config.getoption("lf", False):
            return True
        inner = [arg.partition("::")[0] for arg in self._config.args if "::" in arg]
        if self._config.option.pyargs:
            return bool(inner)
        here = self._config.invocation_params.dir
        return any((here / file).resolve() == item.path.resolve() for file in inner)

    def _beside(self) -> dict[str, str]:
        """The test files in the specs' folders of which nothing was collected.

        Not in our own folder: its files are known without a search.
        """
        patterns = self._config.getini("python_files")
        folders = {path.parent: name for name, path in self._paths.items()}
        return {
            f"{name.rpartition('/')[0]}/{path.name}".lstrip("/"): str(path)
            for folder, name in folders.items()
            if not folder.is_relative_to(conformance_dir())
            for path in folder.iterdir()
            if path not in self._collected
            and any(fnmatch.fnmatch(path.name, pattern) for pattern in patterns)
            and path.is_file()
        }


def start(config: pytest.Config) -> None:
    """Register the hooks."""
    config.stash[SELECTING] = selecting = Selecting(config)
    config.pluginmanager.register(selecting, "kvmpmu-selecting")
