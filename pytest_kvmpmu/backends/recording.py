"""Any backend, with every Call and Outcome recorded."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import BackendFailure
from ..recording.form import Step
from ..recording.writer import Writer
from ..wire.call import Call
from ..wire.outcome import Outcome
from .base import Backend, World
from .header import header_of


class RecordingBackend:
    """``backend``, recorded by ``writer``; ``target`` as the user wrote it."""

    def __init__(self, backend: Backend, writer: Writer, target: str | None = None) -> None:
        self.name = backend.name
        self.release = backend.release
        self.revision = backend.revision
        self.host = backend.host
        self.hardware = backend.hardware
        self.notes = backend.notes
        self._backend = backend
        self._writer = writer
        self._test = ""
        writer.header = header_of(backend, target)

    @property
    def lost(self) -> str:
        return self._backend.lost

    def begin(self, test: str) -> None:
        """Worlds made from now on belong to ``test``."""
        self._test = test

    def world(self) -> RecordingWorld:
        return RecordingWorld(self._backend.world(), self._writer, self._test)

    def apart(
        self, sequences: Sequence[Sequence[Call]], seconds: float | None = None
    ) -> list[list[Outcome]]:
        numbers = [self._writer.world(self._test) for _ in sequences]
        try:
            found = self._backend.apart(sequences, seconds)
        except BackendFailure as failure:
            for number, calls in zip(numbers, sequences, strict=True):
                self._writer.step(number, Step(tuple(calls), (), str(failure), seconds=seconds))
            raise
        for number, calls, outcomes in zip(numbers, sequences, found, strict=True):
            for call, outcome in zip(calls, outcomes, strict=True):
                self._writer.step(number, Step((call,), (outcome,), seconds=seconds))
        return found

    def close(self) -> None:
        self._backend.close()


class RecordingWorld:
    """One world, and its number in the recording."""

    def __init__(self, world: World, writer: Writer, test: str) -> None:
        self._world = world
        self._writer = writer
        self._number = writer.world(test)

    def execute(
        self, calls: Sequence[Call], until_refused: bool = False, seconds: float | None = None
    ) -> list[Outcome]:
        try:
            outcomes = self._world.execute(calls, until_refused, seconds)
        except BackendFailure as failure:
            self._failed(calls, seconds, failure)
            raise
        for call, outcome in zip(calls, outcomes, strict=False):  # none after a refusal
            self._writer.step(self._number, Step((call,), (outcome,), seconds=seconds))
        return outcomes

    def race(self, calls: Sequence[Call], seconds: float | None = None) -> list[Outcome]:
        try:
            outcomes = self._world.race(calls, seconds)
        except BackendFailure as failure:
            self._failed(calls, seconds, failure)
            raise
        step = Step(tuple(calls), tuple(outcomes), at_once=True, seconds=seconds)
        self._writer.step(self._number, step)
        return outcomes

    def _failed(
        self, calls: Sequence[Call], seconds: float | None, failure: BackendFailure
    ) -> None:
        self._writer.step(self._number, Step(tuple(calls), (), str(failure), seconds=seconds))
