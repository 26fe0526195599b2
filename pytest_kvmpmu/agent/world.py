"""One world: the objects that a sequence of Calls makes, and the Calls' execution.

A world that runs guests has its own thread, since a vCPU's events that remain in its
thread would keep the next world's from counting.  The first vCPU that runs does so in
that thread, each further one in its own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from ..wire.call import Call
from ..wire.outcome import Outcome
from .lane import Lane, OwnLane, move
from .objects import Objects
from .prepared import Prepared, prepare
from .race import Runner, at_once


class World:
    """Executes Calls.  The objects that they make are kept until it is closed."""

    def __init__(self, payloads: Path) -> None:
        self._objects = Objects(payloads)
        self._lane = Lane()
        self._lanes: dict[str, Lane] = {}

    def execute(self, call: Call, seconds: float) -> Outcome:
        """Issue ``call`` from its CPU; interrupt it after ``seconds``."""
        return self.issue(prepare(call), seconds)

    def issue(self, call: Prepared, seconds: float) -> Outcome:
        """As `execute`, for a prepared call."""
        lane = self._lane_of(call.on) if call.runs else self._lane
        return lane.issue(call, self._objects, seconds)

    def _lane_of(self, vcpu: str) -> Lane:
        if vcpu not in self._lanes:
            self._lanes[vcpu] = OwnLane() if self._lanes else self._lane
        return self._lanes[vcpu]

    def race(self, calls: Sequence[Call], seconds: float) -> list[Outcome]:
        """Issue all ``calls`` at once, each from its own thread; not KVM_RUN."""
        return at_once([self._runner(prepare(call), seconds) for call in calls])

    def _runner(self, call: Prepared, seconds: float) -> Runner:
        return lambda: move(call.cpu), lambda: call.issue(self._objects, seconds)

    @property
    def has_run(self) -> bool:
        """Whether a KVM_RUN was issued: then events remain in this thread."""
        return bool(self._lanes)

    def close(self) -> None:
        """End the threads and the VMs.

        The kernel destroys a VM when its last descriptor and mapping are gone.
        """
        for lane in self._lanes.values():
            lane.close()
        self._objects.close()
