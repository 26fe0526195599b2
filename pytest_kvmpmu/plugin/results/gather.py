"""The results of a run's specs, gathered by the controller.

It works the same with and without xdist: each result travels in the test's reports.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from ...recording.form import Header
from ...report.results.result import RunInfo, SpecResult, Status
from .. import properties
from ..backend import no_target
from ..config import settings_of
from .no_target import header, results, tell_others
from .selecting import SELECTING
from .tell import ON, RESULT

if TYPE_CHECKING:
    from ...report.results.conclusion import Conclusion

# Plugins that use random seeds, and the option with the seed.
_SEEDS = {"pytest-randomly": "randomly_seed", "hypothesis": "hypothesis_seed"}


class Gathering:
    """Receives every report of the run of ``config``."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._ended: dict[str, SpecResult] = {}
        self._begun: dict[str, pytest.TestReport] = {}
        self._on: list[Header] = []
        self.kernels: dict[str, None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "setup":
            for name, value in report.user_properties:
                if name == properties.SPEC:
                    self._begun[str(value)] = report
                elif name == properties.KERNEL:
                    self.kernels[str(value)] = None
        elif report.when == "teardown":
            if on := getattr(report, ON, None):
                self._on.append(on)
            if result := getattr(report, RESULT, None):
                self._keep(result)
        elif report.when != "call":  # xdist's, for a lost worker
            same = (one for one in self._begun.values() if one.nodeid == report.nodeid)
            begun = _interrupted(next(same, report))
            self._keep(begun._replace(reason=str(report.longrepr).strip()))

    def _keep(self, result: SpecResult) -> None:
        # By name: for files outside of rootdir, pytest's node ids are not unique.
        self._ended[result.spec] = result
        self._begun.pop(result.spec, None)

    @property
    def results(self) -> list[SpecResult]:
        """Each spec's result, sorted by name; one that did not end is an error."""
        begun = map(_interrupted, self._begun.values())
        found = [*self._ended.values(), *begun, *self._missed]
        return sorted(found, key=lambda one: one.spec)

    @property
    def _missed(self) -> list[SpecResult]:
        """The specs that had no target."""
        why = no_target(self._config)
        selecting = self._config.stash.get(SELECTING, None)
        if not why or selecting is None or selecting.selection is None:
            return []
        found = results(selecting.selection, why)
        return [one for one in found if one.spec not in {**self._ended, **self._begun}]

    # Before all other plugins, which may write reports.
    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self) -> Generator[None]:
        tell_others(self._config, self._missed)
        yield

    @property
    def run(self) -> RunInfo | None:
        """What the run was on, or should have been; None if no test used a backend."""
        missing = ""
        if self._on:
            first = min(self._on, key=lambda one: one.time)
        elif missing := no_target(self._config):
            settings = settings_of(self._config)
            first = header(settings.backend, settings.place)
        else:
            return None
        versions = {**first.versions, "pytest": pytest.__version__}
        seeds = {
            whose: str(seed)
            for whose, dest in _SEEDS.items()
            if (seed := getattr(self._config.option, dest, None)) is not None
        }
        command = ("pytest", *(str(arg) for arg in self._config.invocation_params.args))
        return RunInfo(first._replace(versions=versions), command, seeds, missing)

    @property
    def kernels_differ(self) -> bool:
        """Whether xdist's workers ran on different kernels or hosts."""
        return len({repr(one._replace(time="")) for one in self._on}) > 1


def _interrupted(setup: pytest.TestReport) -> SpecResult:
    """The result of a spec of which only the setup was reported."""
    given = [(name, str(value)) for name, value in setup.user_properties]
    return SpecResult(
        next((value for name, value in given if name == properties.SPEC), setup.nodeid),
        Status.ERROR,
        tuple(value for name, value in given if name == properties.CLAUSE),
        "the run ended within this spec",
        node_id=setup.nodeid,
    )


GATHERED: pytest.StashKey[Gathering] = pytest.StashKey()


# Of a run: the judge leaves it before the report is written.
CONCLUSION: pytest.StashKey[Conclusion] = pytest.StashKey()


def start(config: pytest.Config) -> None:
    """Register the hook that receives each spec's result."""
    config.stash[GATHERED] = gathering = Gathering(config)
    config.pluginmanager.register(gathering, "kvmpmu-gathering")
