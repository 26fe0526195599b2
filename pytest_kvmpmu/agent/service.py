"""The serving process: one request in, one answer out.

``{"op": "ping"}``, the first after a resume, and ``{"op": "describe"}`` are answered with
``{"ok": ...}``; ``run`` and ``shell`` (`command`) and ``take`` (`files`) let a lab VM do more than
the specs.

``{"op": "execute", "world": N, "first": F, "calls": [CALL...], "orders": [[I...]...],
"seconds": S, "until_refused": BOOL, "at_once": BOOL}`` issues calls.  Each different call is sent
once and has a number from then on: the ``calls`` of a request have the numbers from F on, and
those which had them before are forgotten.  An order lists calls by number, for one world: the first
for world N, the next for N + 1 and so on.  A world other than that of the order before begins
afresh, and ends that one.  The answer is ``{"outcomes": [[OUTCOME...]...]}``,
with ``crash`` if it is incomplete.

One process serves many worlds, one after the other; one that ran a guest ends with its
thread.  A process for each would be safer still, but on an emulated host the page faults
after a fork cost ten times what a world's calls cost.
"""

from __future__ import annotations

import functools
import os
import threading
import traceback
from collections import deque
from pathlib import Path
from typing import Any, Dict, Iterator

from ..wire.call import Call
from ..wire.frame import Decoder, Message, encode
from ..wire.outcome import Outcome
from . import command, files, payload, timers
from .describe import describe
from .lane import CannotIssue
from .prepared import Prepared, prepare
from .syscall import block_alarm, unblock_alarm
from .world import World

Request = Dict[str, Any]

_PONG = encode({"ok": {}})


def write(frame: bytes) -> None:
    """Write all of ``frame`` to standard output."""
    while frame:
        frame = frame[os.write(1, frame) :]


def _say(body: dict[str, Any]) -> None:
    write(encode(body))


# These answer with more than one message.
_STREAMS = {"run": command.run, "shell": command.shell}


class Service:
    """Reads requests from standard input and answers on standard output."""

    def __init__(self, payloads: Path) -> None:
        self._payloads = payloads
        self._cpus = sorted(os.sched_getaffinity(0))
        self._decoder = Decoder()
        self._waiting: deque[Request] = deque()
        self._orders: Orders | None = None
        self._calls: list[Known] = []
        # Found and read now, before a snapshot: it costs what follows nothing.
        self._timers_on_el2 = timers.run_on_el2()
        payload.read_all(payloads)

    @functools.cached_property
    def _description(self) -> bytes:
        """The answer to ``describe``.  A lab VM is asked for it before its snapshot, too: an
        emulated host takes longer to find it than to resume.
        """
        return encode({"ok": {**describe(), "cpus": self._cpus}})

    def run(self) -> None:
        """Serve until standard input ends."""
        block_alarm()
        # Threads begin where this one is; waking another CPU of an emulated host is slow.
        os.sched_setaffinity(0, {self._cpus[0]})
        while self._peek() is not None:
            thread = threading.Thread(target=self._serve)
            thread.start()
            thread.join()

    def _peek(self) -> Request | None:
        """The next request, which stays queued; waits for it.  None at the end of the input."""
        while not self._waiting:
            chunk = os.read(0, 65536)
            if not chunk:
                return None
            for event in self._decoder.feed(chunk):
                if isinstance(event, Message):
                    self._waiting.append(event.body)
        return self._waiting[0]

    def _answer(self, body: dict[str, Any]) -> None:
        self._reply(encode(body))

    def _reply(self, frame: bytes) -> None:
        self._waiting.popleft()
        self._orders = None
        write(frame)

    def _serve(self) -> None:
        """Serve for as long as this thread may: until a world that ran a guest has ended."""
        unblock_alarm()
        number: int | None = None
        world: World | None = None
        try:
            while (request := self._peek()) is not None:
                if request.get("op") != "execute":
                    self._other(request)
                    continue
                if request.get("first", 0) > len(self._calls):
                    self._answer({"error": f"calls from {len(self._calls)} on were never sent"})
                    continue
                if self._orders is None:
                    self._orders = Orders(request, self._calls)
                for wanted in self._orders.worlds():
                    if world is not None and wanted != number:
                        world.close()
                        spoiled, world = world.has_run, None
                        if spoiled:
                            return
                    if world is None:
                        number, world = wanted, World(self._payloads)
                    self._orders.carry_out(world)
                self._answer(self._orders.answer)
        except Exception:  # the answer reports it, whatever it is
            done = self._orders.answer if self._orders is not None else {"outcomes": []}
            self._answer({**done, "crash": traceback.format_exc()})
        finally:
            if world is not None:
                world.close()

    def _other(self, request: Request) -> None:
        op = str(request.get("op"))
        if op == "ping":
            if self._timers_on_el2:
                timers.set_going(self._cpus)
            self._reply(_PONG)
            return
        if op == "describe":
            self._reply(self._description)
            return
        stream = _STREAMS.get(op)
        if stream is None:
            self._answer(self._fact(op, request))
            return
        os.sched_setaffinity(0, self._cpus)  # a command's CPUs, if it names none
        try:
            stream(request, _say)
        finally:
            os.sched_setaffinity(0, {self._cpus[0]})
        self._waiting.popleft()

    def _fact(self, op: str, request: Request) -> dict[str, Any]:
        if op == "take":
            return files.take(request)
        return {"error": f"unknown op {op!r}"}


class Known:
    """A call that was sent: decoded, and made ready to be issued, when it is first needed."""

    def __init__(self, sent: Request) -> None:
        self._sent = sent

    @functools.cached_property
    def call(self) -> Call:
        """The call as a value."""
        return Call.from_json(self._sent)

    @functools.cached_property
    def ready(self) -> Prepared:
        """The call, ready to be issued by one thread at a time."""
        return prepare(self.call)


class Orders:
    """A request to execute: what of it is still to be done, and the answer so far.

    ``known`` are the calls by number; those of the request are added to them.
    """

    def __init__(self, request: Request, known: list[Known]) -> None:
        known[request.get("first", 0) :] = map(Known, request["calls"])
        self._known = known
        self._request = request
        self._left: deque[list[int]] = deque(request["orders"])
        self._world: int = request["world"]
        self.answer: dict[str, Any] = {"outcomes": []}

    def worlds(self) -> Iterator[int]:
        """The numbers of the worlds that are still to do something."""
        while self._left and "crash" not in self.answer:
            yield self._world

    def carry_out(self, world: World) -> None:
        """The next order."""
        order = self._left.popleft()
        self._world += 1
        outcomes: list[dict[str, Any]] = []
        self.answer["outcomes"].append(outcomes)
        try:
            for outcome in self._issue(world, order):
                outcomes.append(_plain_json(outcome) if outcome.plain else outcome.to_json())
        except CannotIssue as error:
            self.answer["crash"] = str(error)
        except Exception:  # the answer reports it, whatever it is
            self.answer["crash"] = traceback.format_exc()

    def _issue(self, world: World, order: list[int]) -> Iterator[Outcome]:
        request = self._request
        seconds = request["seconds"]
        if request.get("at_once"):
            yield from world.race([self._known[number].call for number in order], seconds)
            return
        for number in order:
            outcome = world.issue(self._known[number].ready, seconds)
            yield outcome
            if outcome.ret < 0 and request.get("until_refused"):
                return


_plain_json = functools.lru_cache(maxsize=None)(Outcome.to_json)
