"""A real kernel: Calls go to an agent beside its /dev/kvm."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..data.host import Host
from ..data.revision import detect
from ..errors import BackendFailure, UsageProblem
from ..link.link import Link, LinkLost, NoAnswer
from ..model.perf import has_hyp_vms
from ..targets.base import Target
from ..wire.call import Call
from ..wire.outcome import Outcome
from .bring_up import BringUps
from .found_host import found_host, notes_on
from .sent_calls import SentCalls
from .usable import check

# Seconds to wait for a call that ignores its interruption.
_GRACE = 3.0


class RealBackend:
    """The kernel of ``target``.

    ``seconds`` bounds each call; ``kernel`` overrides the revision detected from the
    release; with ``board`` the PMUs found must be those of that topology.
    """

    name = "real"

    def __init__(
        self,
        target: Target,
        seconds: float,
        kernel: str | None = None,
        board: Host | None = None,
    ) -> None:
        self.seconds = seconds
        self._target = target
        self._worlds = 0
        self._bring_ups = BringUps(target)
        self._link: Link | None = None
        self._calls = SentCalls()
        try:
            self._connected()
        except LinkLost as error:
            raise BackendFailure(f"{target.name}: {error}") from error
        facts = self._bring_ups.facts
        try:
            needs_pmu = board is None or bool(board.pmus)
            check(facts, target.name, needs_pmu, target.lack)
            self.hardware = found_host(facts, board)
            self.release: str = facts["release"]
            detected = detect(kernel or self.release)
        except UsageProblem:
            self.close()
            raise
        self.revision = detected.revision
        hyp_vms = has_hyp_vms(self.hardware, self.revision)
        self.host = replace(self.hardware, hyp_vms=hyp_vms)
        noted = f"kernel {kernel or self.release} is {detected.note}"
        self.notes: tuple[str, ...] = (
            *target.notes,
            *notes_on(self.hardware, facts),
            *([noted] if detected.note else []),
        )

    @property
    def lost(self) -> str:
        lost = self._bring_ups.lost
        return f"{self._target.name}: {lost}" if lost else ""

    def request(self, body: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The agent's answer; starts an agent if none runs.  Raises `BackendFailure`."""
        try:
            return self._connected().request(body, seconds)
        except (LinkLost, UsageProblem, OSError) as error:
            self.close()
            raise BackendFailure(f"{self._target.name}: {error}") from error

    def _connected(self) -> Link:
        if self._link is None:
            self._link = self._bring_ups.link()
        return self._link

    def world(self) -> RealWorld:
        self._worlds += 1
        return RealWorld(self, self._worlds)

    def apart(
        self, sequences: Sequence[Sequence[Call]], seconds: float | None = None
    ) -> list[list[Outcome]]:
        first = self._worlds + 1
        self._worlds += len(sequences)
        return self.execute(first, sequences, seconds)

    def execute(
        self,
        world: int,
        sequences: Sequence[Sequence[Call]],
        seconds: float | None = None,
        **how: bool,
    ) -> list[list[Outcome]]:
        """One request: the first sequence in the world of that number, the next in the next.

        ``how`` goes into the request (agent.service): until_refused, at_once.
        """
        seconds = self.seconds if seconds is None else seconds
        request = {
            "op": "execute",
            "world": world,
            **self._calls.orders(sequences),
            "seconds": seconds,
            **how,
        }
        calls = list(itertools.chain.from_iterable(sequences))
        try:
            answer = self.request(request, seconds * len(calls) + _GRACE)
        except BackendFailure as failure:
            if isinstance(failure.__cause__, NoAnswer):
                last = f" (or one of the {len(calls) - 1} before it)" if len(calls) > 1 else ""
                raise BackendFailure(
                    f"{_named(calls[-1])}{last} did not return within {seconds:g} s and could"
                    f" not be interrupted; {failure}"
                ) from failure
            raise
        if "died" in answer:
            self.close()  # whatever still comes does not answer a later request
        found = self._outcomes(answer, sequences)
        for sequence, outcomes in itertools.zip_longest(sequences, found, fillvalue=()):
            stopped = how.get("until_refused") and outcomes and outcomes[-1].ret < 0
            if len(outcomes) < len(sequence) and not stopped:
                raise BackendFailure(_why(sequence[len(outcomes)], answer))
        return found

    def _outcomes(
        self, answer: Mapping[str, Any], sequences: Sequence[Sequence[Call]]
    ) -> list[list[Outcome]]:
        """The outcomes in ``answer``; no more of them than calls."""
        try:
            found = [
                [Outcome.from_json(value) for value in outcomes]
                for outcomes in answer.get("outcomes", ())
            ]
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            self.close()
            raise BackendFailure(
                f"{self._target.name}: a malformed answer: {answer!r:.200}"
            ) from error
        lengths = [len(sequence) for sequence in sequences]
        if len(found) > len(lengths) or any(
            len(outcomes) > length for outcomes, length in zip(found, lengths, strict=False)
        ):
            self.close()
            raise BackendFailure(f"{self._target.name}: more outcomes than calls: {answer!r:.200}")
        return found

    def close(self) -> None:
        self._calls = SentCalls()  # the next agent was sent none
        if self._link is not None:
            self._link.close()
            self._link = None


class RealWorld:
    """One world of the agent, by number."""

    def __init__(self, backend: RealBackend, number: int) -> None:
        self._backend = backend
        self._number = number
        self._lost = False

    def execute(
        self, calls: Sequence[Call], until_refused: bool = False, seconds: float | None = None
    ) -> list[Outcome]:
        return self._execute(calls, seconds, until_refused=until_refused)

    def race(self, calls: Sequence[Call], seconds: float | None = None) -> list[Outcome]:
        return self._execute(calls, seconds, at_once=True)

    def _execute(self, calls: Sequence[Call], seconds: float | None, **how: bool) -> list[Outcome]:
        if self._lost:
            raise BackendFailure("this world ended with an earlier call")
        self._lost = True  # unless the whole answer arrives
        (outcomes,) = self._backend.execute(self._number, [calls], seconds, **how)
        self._lost = False
        return outcomes


def _why(call: Call, answer: Mapping[str, Any]) -> str:
    if "crash" in answer:
        return f"{_named(call)}: {answer['crash']}"
    return f"{_named(call)}: the process that issued it ended ({answer.get('died')})"


def _named(call: Call) -> str:
    return f"{call.ioctl} on {call.on} from CPU {call.cpu}"
