"""``--kvmpmu-record``: whether a run is recorded, and the result of that.

Imports little, for the many runs that are not.  Not for: the recording itself (`recorder`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ..errors import UsageProblem
from ..settings import RECORD
from .config import ini, settings_of, usage_errors

if TYPE_CHECKING:
    from .recorder import Recorder

RECORDER: pytest.StashKey[Recorder] = pytest.StashKey()


def start(config: pytest.Config) -> None:
    """Register the hooks that record the run, if recording is requested and tests will run.

    Raises pytest.UsageError if the file can't be written.
    """
    path = config.getoption(RECORD.dest) or ini(config, RECORD)
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
        made = Recorder(config, config.invocation_params.dir / path)
    config.stash[RECORDER] = made
    config.pluginmanager.register(made, "kvmpmu-recorder")


def recorded(config: pytest.Config) -> list[str]:
    """The result of the recording, in one line, if there is one."""
    recorder = config.stash.get(RECORDER, None)
    return [recorder.said] if recorder else []
