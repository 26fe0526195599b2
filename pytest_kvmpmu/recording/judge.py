"""Checks a recording against the model.

The order in which calls issued at once took effect is unknown: every order is tried, and
every state that the recorded outcomes allow is followed from there.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from .. import model
from ..data.host import Host
from ..data.revision import Revision
from ..model.compare import Answers, disagreement
from ..wire.call import Call
from ..wire.outcome import Outcome
from .form import Step, World
from .reader import Recording


def disagreements(recording: Recording) -> Iterator[str]:
    """Each recorded outcome that the model does not allow: line, test, call and why.

    At most one for each world: the calls after it start from another state.
    """
    judge = _Judge(recording.header.host, recording.header.detected.revision)
    for world in recording.worlds:
        why = judge.world(world)
        if why:
            yield f"{recording.path.name}, {why} (in {world.test})"


class _Judge:
    def __init__(self, host: Host, revision: Revision) -> None:
        self.host = host
        self.revision = revision

    def world(self, world: World) -> str:
        """Why the model does not allow the world, or the empty string."""
        states = [model.State()]
        answers = Answers()
        for step in world.steps:
            if step.failure:
                return f"line {step.line}: no outcome: {step.failure}"
            after: list[model.State] = []
            reasons: list[str] = []
            for state, order in itertools.product(states, self.orders(step)):
                try:
                    reached = self.follow(state, order, answers)
                    after += [] if reached in after else [reached]
                except _Differs as differs:
                    reasons.append(str(differs))
            if not after:
                return f"line {step.line}: {reasons[0]}"
            states = after
            for call, outcome in zip(step.calls, step.outcomes, strict=True):
                answers = answers.updated(call, outcome)
        return ""

    def orders(self, step: Step) -> Iterator[tuple[tuple[Call, Outcome], ...]]:
        """The orders in which the calls of a step may have taken effect."""
        return itertools.permutations(zip(step.calls, step.outcomes, strict=True))

    def follow(
        self, state: model.State, order: tuple[tuple[Call, Outcome], ...], answers: Answers
    ) -> model.State:
        """The state after the calls in that order.  Raises `_Differs` if an outcome differs."""
        for call, found in order:
            try:
                asked = answers.for_model(call)
                state, expected = model.step(state, asked, self.host, self.revision)
            except model.NotModelled as error:
                raise _Differs(f"{_named(call)}: {error}") from error
            why = disagreement(call, expected, found)
            if why:
                raise _Differs(f"{_named(call)}: {why}")
        return state


class _Differs(Exception):
    """The model does not allow an outcome."""


def _named(call: Call) -> str:
    return f"{call.ioctl} on {call.on} from CPU {call.cpu}"
