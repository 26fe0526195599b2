"""The hooks where tests are collected: which specs there were, and which were left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pytest

from ..items import name_of, needed_by
from ..marks import CLAUSE, DIFFERENTIAL
from ..report.selection import Selection, file_of

# A key of xdist's workeroutput.
SELECTION = "kvmpmu_selection"


class Selecting:
    """Notes what ``config``'s run collects; on an xdist controller, what a worker noted.

    ``lost``: a worker crashed; ``unread``: a file that could not be collected.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._specs: dict[str, tuple[str, ...]] = {}
        self._deselected: set[str] = set()
        self._narrowed: set[str] = set()
        self._workers: list[Selection] = []
        self.lost = False
        self.unread = ""

    @property
    def selection(self) -> Selection:
        """What the run collected: each of xdist's workers collects the same."""
        if self._workers:
            return self._workers[0]
        return Selection(self._specs, frozenset(self._deselected), frozenset(self._narrowed))

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        # A search is left out unless it is asked for, and no verdict waits for it.
        self._deselected |= self._note(i for i in items if not i.get_closest_marker(DIFFERENTIAL))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.unread = report.nodeid

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._note(session.items)
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[SELECTION] = self.selection.to_json()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """xdist: a worker ended.  One that crashed has left no word."""
        output = getattr(node, "workeroutput", None)
        if output is None:
            self.lost = True
        elif SELECTION in output:
            self._workers.append(Selection.from_json(output[SELECTION]))

    def _note(self, items: Iterable[pytest.Item]) -> set[str]:
        found = set()
        for item in items:
            cited = tuple(str(arg) for m in item.iter_markers(CLAUSE) for arg in m.args)
            if cited or needed_by([item]):
                name = name_of(item)
                found.add(name)
                self._specs[name] = cited
                if self._is_narrowed(item):
                    self._narrowed.add(file_of(name))
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
