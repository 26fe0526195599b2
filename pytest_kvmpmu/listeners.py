"""The plugins that listen to a run: what gathers its results, records it, and reports it.

Each is registered only where it is wanted; what came of it is told at the end.
"""

from __future__ import annotations

import pytest

from . import xdist
from .config import settings_of, usage_errors
from .errors import UsageProblem
from .items import name_of
from .settings import RECORD, REPORT
from .stash import GATHERED, KEEP_CALLS, RECORDER, REPORTER


def start_gathering(config: pytest.Config) -> None:
    """Register the hook that hears what each spec came to."""
    from .report.gather import Gathering

    config.stash[GATHERED] = gathering = Gathering(config)
    config.pluginmanager.register(gathering, "kvmpmu-gathering")


def start_recording(config: pytest.Config) -> None:
    """Register the hooks that record the run, if that was asked for and there will be one.

    Raises pytest.UsageError where the file can't be written.
    """
    path = config.getoption(RECORD.dest) or config.getini(RECORD.dest)
    if not path or config.option.collectonly:
        return
    from .recorder import Recorder

    with usage_errors():
        if settings_of(config).backend == "replay":
            raise UsageProblem(
                f"{RECORD.flag} has no meaning with --kvmpmu-backend=replay: the run is a recording"
                " already",
                "Copy the file instead",
            )
        made = Recorder(config, config.invocation_params.dir / path, name_of)
    config.stash[RECORDER] = made
    config.pluginmanager.register(made, "kvmpmu-recorder")


def recorded(config: pytest.Config) -> list[str]:
    """What came of the recording, in one line, if there is one."""
    recorder = config.stash.get(RECORDER, None)
    return [recorder.said] if recorder else []


def start_reporting(config: pytest.Config) -> None:
    """Register the hooks that report the run, if that was asked for and there will be one.

    Raises pytest.UsageError for an ending that is not known or a file that can't be written.
    """
    given = config.getoption(REPORT.dest)
    paths = config.getini(REPORT.dest) if given is None else given
    if not paths or config.option.collectonly:
        return
    config.stash[KEEP_CALLS] = True
    if xdist.is_worker(config):
        return
    from .report.reporter import Reporter

    with usage_errors():
        made = Reporter(config.invocation_params.dir, paths, config.stash[GATHERED])
    config.stash[REPORTER] = made
    config.pluginmanager.register(made, "kvmpmu-reporter")


def is_reported(config: pytest.Config) -> bool:
    """Whether a report is wanted, so that a run without backend collects its specs all the same."""
    return REPORTER in config.stash or bool(config.getoption("xmlpath", None))


def reported(config: pytest.Config) -> list[str]:
    """What came of the reports, in a line each."""
    reporter = config.stash.get(REPORTER, None)
    return reporter.said if reporter else []
