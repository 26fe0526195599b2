"""An agent in a thread, behind two pipes, for a link or a real backend to talk to; and a world
with given answers, for handles.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pytest_kvmpmu.errors import BackendFailure
from pytest_kvmpmu.link.link import Link
from pytest_kvmpmu.targets.base import Target
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.frame import Decoder, Message, encode
from pytest_kvmpmu.wire.outcome import Outcome

# What to send back for a request: frames and other bytes; None ends the agent.
Reply = Callable[[dict[str, Any]], Iterable[bytes | None]]

FACTS: dict[str, Any] = {
    "machine": "aarch64",
    "system": "Linux",
    "release": "6.12.0-test",
    "cpus": [0, 1, 2, 3, 4, 5],
    "pmus": [
        {"name": "armv8_cortex_a53", "type": 9, "cpus": "0-3"},
        {"name": "armv8_cortex_a72", "type": 10, "cpus": "4-5"},
    ],
    "kvm": "ok",
    "api_version": 12,
    "pmu_v3": True,
    "present": "0-5",
    "online": "0-5",
    "page_size": 4096,
    "gics": [3],
    "ipa_bits": 44,
    "max_vcpus": 512,
    "max_vcpu_id": 512,
    "nested": False,
    "protected": False,
    "protected_source": "log",
}


class FakeTarget(Target):
    """A target whose agents answer with ``reply``.  ``links`` counts the connections."""

    name = "fake"

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.links = 0
        self.closed = 0
        self.requests: list[dict[str, Any]] = []

    def connect(self) -> Link:
        self.links += 1
        request_read, request_write = os.pipe()
        answer_read, answer_write = os.pipe()
        thread = threading.Thread(
            target=self._serve, args=(request_read, answer_write), daemon=True
        )
        thread.start()

        def close() -> None:
            self.closed += 1
            os.close(request_write)
            thread.join()
            os.close(answer_read)

        return Link.on(answer_read, request_write, close)

    def _serve(self, requests: int, answers: int) -> None:
        decoder = Decoder()
        try:
            while chunk := os.read(requests, 65536):
                for event in decoder.feed(chunk):
                    assert isinstance(event, Message)
                    self.requests.append(event.body)
                    for part in self.reply(event.body):
                        if part is None:
                            return
                        os.write(answers, part)
        finally:
            os.close(answers)
            os.close(requests)


def describing(reply: Reply, **facts: Any) -> Reply:
    """``reply`` for everything but ``describe``, which is answered with `FACTS`, changed."""

    def answer(request: dict[str, Any]) -> Iterable[bytes | None]:
        if request["op"] == "describe":
            return [encode({"ok": {**FACTS, **facts}})]
        return reply(request)

    return answer


class Scripted:
    """A world that returns the given outcomes, in order."""

    def __init__(self, *answers: Outcome) -> None:
        self.answers = list(answers)
        self.batches: list[list[Call]] = []
        self.bounds: list[float | None] = []

    def execute(
        self, calls: Sequence[Call], until_refused: bool = False, seconds: float | None = None
    ) -> list[Outcome]:
        self.batches.append(list(calls))
        self.bounds.append(seconds)
        outcomes: list[Outcome] = []
        for _ in calls:
            if not self.answers:
                raise BackendFailure("no answer is left")
            outcomes.append(self.answers.pop(0))
            if until_refused and outcomes[-1].ret < 0:
                break
        return outcomes

    def race(self, calls: Sequence[Call], seconds: float | None = None) -> list[Outcome]:
        return self.execute(calls, seconds=seconds)


def done(request: dict[str, Any]) -> Sequence[bytes]:
    """Every call succeeds."""
    return [encode({"outcomes": [[{"ret": 12}] * len(order) for order in request["orders"]]})]
