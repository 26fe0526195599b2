"""The agent's main loop: one request in, one answer out.

Requests: ``{"op": "ping"}``; ``{"op": "describe"}``;
``{"op": "execute", "world": N, "calls": [...], "seconds": S}``.  A number N other than
that of the request before ends that world and begins a fresh one.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any, Dict, List, Optional

from ..wire.frame import Decoder, Message, encode
from .child import Child
from .describe import describe

# How long a call that does not heed its interruption is waited for.
GRACE = 2.0


class Server:
    """Keeps one world at work and one process in reserve: a fork takes time on a slow host."""

    def __init__(self, payloads: Path) -> None:
        self._payloads = payloads
        self._world: Optional[int] = None
        self._child: Optional[Child] = None
        self._left: List[Child] = []
        self._spare: Optional[Child] = None

    def prepare(self) -> None:
        """Have a process in reserve and bury the dead."""
        self._left = [child for child in self._left if not _reaped(child)]
        if self._spare is None:
            others = self._child.fds if self._child else []
            self._spare = Child(self._payloads, others)

    def answer(self, request: Dict[str, Any]) -> Dict[str, Any]:
        """The answer to one request; ``error`` says what is wrong with the request itself."""
        op = request.get("op")
        if op == "ping":
            return {"ok": {}}
        if op == "describe":
            return {"ok": describe()}
        if op == "execute":
            return self._execute(request)
        return {"error": f"unknown op {op!r}"}

    def _execute(self, request: Dict[str, Any]) -> Dict[str, Any]:
        if self._child is None or request["world"] != self._world:
            self.leave()
            self.prepare()
            self._child, self._spare = self._spare, None
            self._world = request["world"]
        assert self._child is not None  # prepare() made one
        answer = self._child.execute(request["calls"], request["seconds"], GRACE)
        if "died" in answer:
            for fd in self._child.fds:
                os.close(fd)
            self._child = None
        return answer

    def leave(self) -> None:
        """End the world at work."""
        if self._child is not None:
            self._child.leave()
            self._left.append(self._child)
            self._child = None


def _reaped(child: Child) -> bool:
    return os.waitpid(child.pid, os.WNOHANG)[0] != 0


def main() -> None:
    """Announce the agent, then answer requests until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one who asks
    server = Server(Path(sys.argv[1]) if sys.argv[1:] else Path("fixtures", "payloads"))
    server.prepare()
    write({"hello": 1})
    decoder = Decoder()
    while True:
        chunk = os.read(0, 65536)
        if not chunk:
            break
        for event in decoder.feed(chunk):
            if isinstance(event, Message):
                write(server.answer(event.body))
                server.prepare()


def write(body: Any) -> None:
    """Send one frame."""
    frame = encode(body)
    while frame:
        frame = frame[os.write(1, frame) :]
