"""``--kvmpmu-report``: whether a run is reported, and the result of that.

Imports little, for the many runs that are not.  Not for: the report itself (`reporter`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ...settings import REPORT
from ..calls import KEEP_CALLS
from ..config import ini, usage_errors
from ..workers import is_worker
from .gather import GATHERED

if TYPE_CHECKING:
    from .reporter import Reporter

REPORTER: pytest.StashKey[Reporter] = pytest.StashKey()


def start(config: pytest.Config) -> None:
    """Register the hooks that report the run, if a report is requested and tests will run.

    Raises pytest.UsageError for an unknown ending, and for a file that can't be written.
    """
    given = config.getoption(REPORT.dest)
    paths = ini(config, REPORT) if given is None else given
    if not paths or config.option.collectonly:
        return
    config.stash[KEEP_CALLS] = True
    if is_worker(config):
        return
    from .reporter import Reporter

    with usage_errors():
        made = Reporter(config.invocation_params.dir, paths, config.stash[GATHERED])
    config.stash[REPORTER] = made
    config.pluginmanager.register(made, "kvmpmu-reporter")


def is_reported(config: pytest.Config) -> bool:
    """Whether a report is wanted, so that a run without backend still collects its specs."""
    return REPORTER in config.stash or bool(config.getoption("xmlpath", None))


def reported(config: pytest.Config) -> list[str]:
    """The result of each report, a line each."""
    reporter = config.stash.get(REPORTER, None)
    return reporter.said if reporter else []
