"""A recording as a backend: it returns the recorded Outcomes as long as the Calls match the
recorded ones.  Needs neither a kernel nor the model.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ..data.revision import detect
from ..errors import BackendFailure, UsageProblem
from ..recording.form import Step, World
from ..recording.reader import read
from ..wire.call import Call
from ..wire.outcome import Outcome

_AGAIN = "record it again with --kvmpmu-record"


class ReplayBackend:
    """The recording in the file ``path``; ``kernel`` overrides the revision to expect."""

    name = "replay"
    lost = ""

    def __init__(self, path: Path, kernel: str | None = None) -> None:
        self.recording = read(path)
        header = self.recording.header
        self.release = header.release
        self.revision = (detect(kernel) if kernel else header.detected).revision
        self.host = self.hardware = header.host
        where = f" on {header.target}" if header.target else ""
        recorded = f"recorded {header.time} from backend {header.backend}{where}"
        self.notes: tuple[str, ...] = (recorded, *header.notes)
        self._worlds = defaultdict[str, list[World]](list)
        for world in self.recording.worlds:
            self._worlds[world.test].append(world)
        self._test: str | None = None
        self._taken = 0

    def begin(self, test: str) -> None:
        """Worlds made from now on are those of ``test``, from its first one."""
        self._test, self._taken = test, 0

    def world(self) -> ReplayWorld:
        if self._test is None:
            raise UsageProblem(
                f"{self.recording.path} is a recording, which answers only the calls of its tests",
                "Use --kvmpmu-backend=model or real",
            )
        worlds = self._worlds.get(self._test, ())
        if not worlds:
            raise BackendFailure(
                f"{self.recording.path} has no calls of {self._test}, which did not run or made"
                f" none when it was recorded; {_AGAIN}"
            )
        if self._taken == len(worlds):
            raise BackendFailure(
                f"{self.recording.path}, line {worlds[-1].line}: this is the last world of"
                f" {self._test}, which now makes one more; {_AGAIN}"
            )
        self._taken += 1
        return ReplayWorld(self.recording.path, worlds[self._taken - 1])

    def apart(
        self, sequences: Sequence[Sequence[Call]], seconds: float | None = None
    ) -> list[list[Outcome]]:
        return [self.world().execute(sequence, seconds=seconds) for sequence in sequences]

    def close(self) -> None:
        """Nothing to release."""


class ReplayWorld:
    """One recorded world, and its next step."""

    def __init__(self, path: Path, world: World) -> None:
        self._path = path
        self._world = world
        self._next = 0

    def execute(
        self, calls: Sequence[Call], until_refused: bool = False, seconds: float | None = None
    ) -> list[Outcome]:
        del seconds  # the recorded time cannot change
        outcomes: list[Outcome] = []
        for call in calls:
            outcomes += self._step((call,)).outcomes
            if until_refused and outcomes[-1].ret < 0:
                break
        return outcomes

    def race(self, calls: Sequence[Call], seconds: float | None = None) -> list[Outcome]:
        del seconds
        return list(self._step(tuple(calls), at_once=True).outcomes)

    def _step(self, calls: tuple[Call, ...], at_once: bool = False) -> Step:
        """The next step, if it has these calls; of a batch that failed, its first calls suffice."""
        if self._next == len(self._world.steps):
            line = self._world.steps[-1].line if self._world.steps else self._world.line
            raise BackendFailure(
                f"{self._path}, line {line}: {self._world.test} ended here; now it issues"
                f" {_text(calls)}; {_AGAIN}"
            )
        step = self._world.steps[self._next]
        recorded = step.calls[: len(calls)] if step.failure else step.calls
        if recorded != calls or (at_once != step.at_once and not step.failure):
            raise BackendFailure(
                f"{self._path}, line {step.line}: {self._world.test} issued"
                f" {_text(recorded, step.at_once)}; now it issues {_text(calls, at_once)}; {_AGAIN}"
            )
        self._next += 1
        if step.failure:
            raise BackendFailure(f"{self._path}, line {step.line}: recorded: {step.failure}")
        return step


def _text(calls: Sequence[Call], at_once: bool = False) -> str:
    text = ", ".join(json.dumps(call.to_json()) for call in calls)
    return f"{text} at once" if at_once else text
