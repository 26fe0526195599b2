"""The model as a backend: no root, no kernel, no network."""

from __future__ import annotations

from collections.abc import Sequence

from .. import model
from ..host import Host
from ..revision import NEWEST, detect
from ..wire.call import Call
from ..wire.outcome import Outcome
from .base import BackendFailure

# Places that a backend remembers: all specs lead to 2,300, a search to any number.
_MOST = 5_000


class _Place:
    """Where a sequence of calls led: the state there, and what came of the calls made from there.

    Those are kept by identity, since a Call is long to hash, and handles ask with the same one.
    """

    __slots__ = ("known", "state")

    def __init__(self, state: model.State) -> None:
        self.state = state
        self.known: dict[int, tuple[Call, _Place, Outcome]] = {}


class ModelBackend:
    """A host as given, with a kernel of the revision given (default: the newest).

    Most specs begin alike, and the model is a pure function, so that no call is worked out
    twice after the same calls.
    """

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
        self.start = _Place(model.State())
        self._places = 1

    def world(self) -> ModelWorld:
        return ModelWorld(self)

    def apart(
        self, sequences: Sequence[Sequence[Call]], seconds: float | None = None
    ) -> list[list[Outcome]]:
        return [self.world().execute(sequence, seconds=seconds) for sequence in sequences]

    def close(self) -> None:
        """There is nothing to let go of."""

    def step(self, state: model.State, call: Call) -> tuple[model.State, Outcome]:
        """What ``call`` comes to in ``state``."""
        if call.cpu not in self.host.cpus:
            raise BackendFailure(f"CPU {call.cpu} cannot be used here: the host has no such CPU")
        try:
            return model.step(state, call, self.hardware, self.revision)
        except model.NotModelled as error:
            raise BackendFailure(str(error)) from error

    def follow(self, place: _Place, call: Call) -> tuple[_Place, Outcome]:
        """Where ``call`` leads from ``place``, and what comes of it."""
        known = place.known.get(id(call))
        if known is not None:
            return known[1:]
        state, outcome = self.step(place.state, call)
        there = _Place(state)
        if self._places < _MOST:
            self._places += 1
            place.known[id(call)] = call, there, outcome  # with the call, so its id stays its own
        return there, outcome


class ModelWorld:
    """Keeps its place between calls."""

    def __init__(self, backend: ModelBackend) -> None:
        self._backend = backend
        self._place = backend.start

    def execute(
        self, calls: Sequence[Call], until_refused: bool = False, seconds: float | None = None
    ) -> list[Outcome]:
        del seconds  # nothing takes time here
        outcomes: list[Outcome] = []
        for call in calls:
            self._place, outcome = self._backend.follow(self._place, call)
            outcomes.append(outcome)
            if until_refused and outcome.ret < 0:
                break
        return outcomes

    def race(self, calls: Sequence[Call], seconds: float | None = None) -> list[Outcome]:
        return self.execute(calls, seconds=seconds)
