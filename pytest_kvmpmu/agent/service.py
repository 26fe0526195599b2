"""The serving process: one request in, one answer out.

Requests: ``{"op": "ping"}``; ``{"op": "describe"}``;
``{"op": "execute", "world": N, "calls": [...], "seconds": S, "until_refused": BOOL}``.
A number N other than that of the request before ends that world and begins a fresh one.

One process serves many worlds, one after the other, each in a thread of its own.  A
process for each would be safer still, but on an emulated host the page faults after
a fork cost ten times what a world's calls cost.
"""

from __future__ import annotations

import os
import threading
import traceback
from collections import deque
from pathlib import Path
from typing import Any, Dict

from ..wire.call import Call
from ..wire.frame import Decoder, Message, encode
from .describe import describe
from .syscall import heed_alarm, ignore_alarm
from .world import CannotIssue, World

Request = Dict[str, Any]


def write(frame: bytes) -> None:
    """Write all of ``frame`` to standard output."""
    while frame:
        frame = frame[os.write(1, frame) :]


class Service:
    """Reads requests from standard input and answers on standard output."""

    def __init__(self, payloads: Path) -> None:
        self._payloads = payloads
        self._decoder = Decoder()
        self._waiting: deque[Request] = deque()

    def run(self) -> None:
        """Serve until standard input ends."""
        ignore_alarm()
        while self._peek() is not None:
            thread = threading.Thread(target=self._one_world)
            thread.start()
            thread.join()

    def _peek(self) -> Request | None:
        """The request at hand, waiting for one if need be; None where there are no more."""
        while not self._waiting:
            chunk = os.read(0, 65536)
            if not chunk:
                return None
            for event in self._decoder.feed(chunk):
                if isinstance(event, Message):
                    self._waiting.append(event.body)
        return self._waiting[0]

    def _one_world(self) -> None:
        """Serve up to the first request for another world than the first one met here."""
        heed_alarm()
        number: int | None = None
        world: World | None = None
        try:
            request = self._peek()
            while request is not None:
                if request.get("op") == "execute":
                    if number is not None and request["world"] != number:
                        break
                    number = request["world"]
                    if world is None:
                        world = World(self._payloads)
                    answer = _execute(world, request)
                else:
                    answer = _other(request)
                self._waiting.popleft()
                write(encode(answer))
                request = self._peek()
        except Exception:  # whatever it is, it is told to the one who asked
            self._waiting.popleft()
            write(encode({"outcomes": [], "crash": traceback.format_exc()}))
        finally:
            if world is not None:
                world.close()


def _other(request: Request) -> dict[str, Any]:
    op = request.get("op")
    if op == "ping":
        return {"ok": {}}
    if op == "describe":
        return {"ok": describe()}
    return {"error": f"unknown op {op!r}"}


def _execute(world: World, request: Request) -> dict[str, Any]:
    """The outcomes of the request's calls, and what kept the rest from being issued."""
    outcomes = []
    try:
        for call in request["calls"]:
            outcome = world.execute(Call.from_json(call), request["seconds"])
            outcomes.append(outcome.to_json())
            if outcome.ret < 0 and request.get("until_refused"):
                break
    except CannotIssue as error:
        return {"outcomes": outcomes, "crash": str(error)}
    except Exception:  # whatever it is, it is told to the one who asked
        return {"outcomes": outcomes, "crash": traceback.format_exc()}
    return {"outcomes": outcomes}
