"""The model as a backend: no root, no kernel, no network."""

from __future__ import annotations

from collections.abc import Sequence

from .. import model
from ..host import Host
from ..revision import NEWEST, detect
from ..wire.call import Call
from ..wire.outcome import Outcome
from .base import BackendFailure


class ModelBackend:
    """A host as given, with a kernel of the revision given (default: the newest)."""

    name = "model"
    lost = ""

    def __init__(self, host: Host, kernel: str | None = None) -> None:
        detected = detect(kernel or NEWEST.name)
        self.revision = detected.revision
        self.hardware = host
        self.host = model.seen_by_kvm(host, self.revision)
        self.release = kernel or NEWEST.name
        self.notes: tuple[str, ...] = (
            (f"kernel {kernel} is {detected.note}",) if detected.note else ()
        )

    def world(self) -> ModelWorld:
        return ModelWorld(self)

    def apart(
        self, sequences: Sequence[Sequence[Call]], seconds: float | None = None
    ) -> list[list[Outcome]]:
        return [self.world().execute(sequence, seconds=seconds) for sequence in sequences]

    def close(self) -> None:
        """There is nothing to let go of."""


class ModelWorld:
    """Keeps the model's state between calls."""

    def __init__(self, backend: ModelBackend) -> None:
        self._backend = backend
        self.state = model.State()

    def execute(
        self, calls: Sequence[Call], until_refused: bool = False, seconds: float | None = None
    ) -> list[Outcome]:
        del seconds  # nothing takes time here
        outcomes: list[Outcome] = []
        for call in calls:
            outcomes.append(self._step(call))
            if until_refused and outcomes[-1].ret < 0:
                break
        return outcomes

    def race(self, calls: Sequence[Call], seconds: float | None = None) -> list[Outcome]:
        return self.execute(calls, seconds=seconds)

    def _step(self, call: Call) -> Outcome:
        if call.cpu not in self._backend.host.cpus:
            raise BackendFailure(f"CPU {call.cpu} cannot be used here: the host has no such CPU")
        try:
            self.state, outcome = model.step(
                self.state, call, self._backend.hardware, self._backend.revision
            )
        except model.NotModelled as error:
            raise BackendFailure(str(error)) from error
        return outcome
