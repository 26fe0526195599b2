"""The model as a backend: no root, no kernel, no network."""

from __future__ import annotations

from collections.abc import Sequence

from .. import model
from ..data.host import Host
from ..data.revision import NEWEST, detect
from ..errors import BackendFailure
from ..wire.call import Call
from ..wire.outcome import Outcome

# Most places that a backend caches: all specs need 1,700, a search any number.
_MOST = 5_000


class _Place:
    """The result of a sequence of calls: the last call, its outcome, and the state after it.

    ``next`` has the places one call further, by the call's identity: hashing a Call takes long,
    and handles pass the same object.
    """

    __slots__ = ("call", "next", "outcome", "state")

    def __init__(self, state: model.State, call: Call | None, outcome: Outcome) -> None:
        self.state = state
        self.call = call  # kept alive, so that no other object gets its id
        self.outcome = outcome
        self.next: dict[int, _Place] | None = None


class ModelBackend:
    """The given host, with a kernel of the given revision (default: the newest).

    Most specs begin alike, and the model is a pure function, so results are cached: each
    sequence of calls that were not refused, up to `_MOST` of them.
    """

    name = "model"
    lost = ""

    def __init__(self, host: Host, kernel: str | None = None) -> None:
        detected = detect(kernel or NEWEST.name)
        self.revision = detected.revision
        self.hardware = host.booted()
        self.host = model.seen_by_kvm(self.hardware, self.revision)
        self.release = kernel or NEWEST.name
        self.notes: tuple[str, ...] = (
            (f"kernel {kernel} is {detected.note}",) if detected.note else ()
        )
        self._start = _Place(model.State(), None, Outcome(0))
        self._places = 1

    def world(self) -> ModelWorld:
        return ModelWorld(self)

    def apart(
        self, sequences: Sequence[Sequence[Call]], seconds: float | None = None
    ) -> list[list[Outcome]]:
        return [self.world().execute(sequence, seconds=seconds) for sequence in sequences]

    def close(self) -> None:
        """Nothing to release."""

    def _step(self, state: model.State, call: Call) -> tuple[model.State, Outcome]:
        """The state after ``call`` in ``state``, and its outcome."""
        if call.cpu not in self.host.cpus:
            raise BackendFailure(f"CPU {call.cpu} cannot be used here: the host has no such CPU")
        try:
            return model.step(state, call, self.hardware, self.revision)
        except model.NotModelled as error:
            raise BackendFailure(str(error)) from error

    def _follow(self, place: _Place, call: Call) -> _Place:
        """The place after ``call``.  A refusal is not cached: few specs continue after one."""
        there = place.next.get(id(call)) if place.next else None
        if there is None:
            state, outcome = self._step(place.state, call)
            there = _Place(state, call, outcome)
            if outcome.ret >= 0 and self._places < _MOST:
                self._places += 1
                place.next = place.next or {}
                place.next[id(call)] = there
        return there


class ModelWorld:
    """Remembers its place between calls."""

    def __init__(self, backend: ModelBackend) -> None:
        self._backend = backend
        self._place = backend._start

    def execute(
        self, calls: Sequence[Call], until_refused: bool = False, seconds: float | None = None
    ) -> list[Outcome]:
        del seconds  # nothing takes time here
        outcomes: list[Outcome] = []
        for call in calls:
            self._place = self._backend._follow(self._place, call)
            outcomes.append(self._place.outcome)
            if until_refused and self._place.outcome.ret < 0:
                break
        return outcomes

    def race(self, calls: Sequence[Call], seconds: float | None = None) -> list[Outcome]:
        return self.execute(calls, seconds=seconds)
