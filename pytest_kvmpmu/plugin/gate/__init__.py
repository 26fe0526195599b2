"""The gate for a CI: the verdict on a run, its waivers, its requirements, and its exit status.

`options` reads the options; `waiving` has the hooks of the process that runs the tests, `judging`
those of the controller; `text` and `rerun` make the printed lines.  Verdicts are made in `report`,
waivers are read in `waivers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .judging import Judge

JUDGE: pytest.StashKey[Judge] = pytest.StashKey()


def start(config: pytest.Config) -> None:
    """Register the hooks that this process of a run needs.  Raises pytest.UsageError for bad
    options, and for a bad waiver file.
    """
    from ...errors import UsageProblem
    from ..results.selecting import start as start_selecting
    from ..workers import is_worker
    from .judging import Judge
    from .options import GUEST_RUN, of_config

    try:
        asked = of_config(config)
    except UsageProblem as problem:
        raise pytest.UsageError(f"pytest-kvmpmu: {problem}") from problem
    if config.option.collectonly:
        return
    start_selecting(config)
    if asked.waivers:
        from .waiving import Waiving

        config.pluginmanager.register(Waiving(asked.waivers), "kvmpmu-waiving")
    guest = None
    if GUEST_RUN in asked.require:
        from .guest_run import GuestRun

        guest = GuestRun()
        config.pluginmanager.register(guest, "kvmpmu-guest-run")
    if not is_worker(config):
        config.stash[JUDGE] = judge = Judge(config, asked, guest)
        config.pluginmanager.register(judge, "kvmpmu-judge")


def lines(reporter: pytest.TerminalReporter) -> list[str]:
    """The lines about the verdict at the end of the run; empty if the run had no spec."""
    judge = reporter.config.stash.get(JUDGE, None)
    if judge is None or not judge.concerned:
        return []
    from .rerun import command
    from .text import verdict

    out = verdict(judge)
    rerun = command(reporter, judge.suspects)
    return [*out, *(["to rerun what failed:", f"  {rerun}"] if rerun else [])]
