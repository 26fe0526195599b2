"""A run without target: the backend was unavailable, so no spec ran.

Not for: how it ends; that is one error with its cause.
"""

from __future__ import annotations

import datetime
import functools
import platform
from collections.abc import Iterable, Iterator

import pytest

from ... import __version__
from ...recording.form import Header
from ...report.results.result import SpecResult, Status, without_target
from ...report.results.selection import Selection
from .. import properties

# Plugins that would count these specs as run.
_COUNT = ("session", "terminalreporter", "lfplugin", "stepwiseplugin")


def header(backend: str, target: str | None) -> Header:
    """What is known about such a run."""
    versions = {"pytest-kvmpmu": __version__, "python": platform.python_version()}
    now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
    return without_target(backend, target, versions, now)


def results(selection: Selection, why: str) -> Iterator[SpecResult]:
    """The results of the specs that should have run."""
    for spec, cited in selection.specs.items():
        if spec not in selection.deselected:
            yield SpecResult(spec, Status.MISS, tuple(dict.fromkeys(cited)), reason(why))


def reason(why: str) -> str:
    """Why there was no target, in a line."""
    return f"no target: {why.strip().partition(chr(10))[0]}"


def tell_others(config: pytest.Config, missed: Iterable[SpecResult]) -> None:
    """Report an error for each of these to JUnit and other plugins that write reports."""
    manager = config.pluginmanager
    counting = [
        plugin
        for name, plugin in manager.list_name_plugin()
        if plugin and (name in _COUNT or name.startswith("kvmpmu"))
    ]
    log = manager.subset_hook_caller("pytest_runtest_logreport", counting)
    for result in missed:
        file, _, inner = result.spec.partition("::")
        given = [
            (properties.SPEC, result.spec),
            *((properties.CLAUSE, slug) for slug in result.clauses),
            (properties.STATUS, result.status.kcidb),
        ]
        report = functools.partial(
            pytest.TestReport,
            nodeid=result.spec,
            location=(file, None, inner),
            keywords={},
            user_properties=given,
        )
        log(report=report(outcome="failed", longrepr=result.reason, when="setup"))
        log(report=report(outcome="passed", longrepr=None, when="teardown"))
