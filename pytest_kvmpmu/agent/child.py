"""The process around a world: forked ahead of time, fed through a pipe, killed when it hangs."""

from __future__ import annotations

import json
import os
import select
import signal
import time
import traceback
from pathlib import Path
from typing import Any, Dict, List, Optional

from ..wire.call import Call
from .syscall import die_with_parent
from .world import CannotIssue, World


class Child:
    """A forked process that executes the Calls of one world."""

    def __init__(self, payloads: Path, others: List[int]) -> None:
        """Fork.  ``others`` are descriptors that the child must not keep."""
        request_read, self._requests = os.pipe()
        self._answers, answer_write = os.pipe()
        self._buffer = b""
        self.pid = os.fork()
        if self.pid == 0:
            for fd in (self._requests, self._answers, *others):
                os.close(fd)
            _live(payloads, request_read, answer_write)
        os.close(request_read)
        os.close(answer_write)

    @property
    def fds(self) -> List[int]:
        """The parent's ends of the two pipes."""
        return [self._requests, self._answers]

    def execute(self, calls: List[Any], seconds: float, grace: float) -> Dict[str, Any]:
        """The outcomes of ``calls``, and what went wrong if there are fewer.

        Each call has ``seconds``, after which the child interrupts it; a call that
        can't be interrupted within ``grace`` more seconds costs the child its life.
        """
        line = json.dumps({"calls": calls, "seconds": seconds}).encode("ascii") + b"\n"
        outcomes: List[Any] = []
        try:
            _write_all(self._requests, line)
        except BrokenPipeError:
            return {"outcomes": outcomes, "died": self.reap()}
        while len(outcomes) < len(calls):
            answer = self._read_line(time.monotonic() + seconds + grace)
            if answer is None:
                os.kill(self.pid, signal.SIGKILL)
                return {"outcomes": outcomes, "hung": True, "died": self.reap()}
            if not answer:
                return {"outcomes": outcomes, "died": self.reap()}
            message = json.loads(answer)
            if "crash" in message:
                return {"outcomes": outcomes, "crash": message["crash"]}
            outcomes.append(message)
        return {"outcomes": outcomes}

    def _read_line(self, deadline: float) -> Optional[bytes]:
        """One line; b"" where the child is gone; None where it has not answered in time."""
        while b"\n" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._answers], [], [], left)[0]:
                return None
            chunk = os.read(self._answers, 65536)
            if not chunk:
                return b""
            self._buffer += chunk
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line

    def leave(self) -> None:
        """Let the child go: it ends by itself once its pipe is closed."""
        for fd in self.fds:
            os.close(fd)

    def reap(self) -> str:
        """Wait for the child's end and say how it ended."""
        _, status = os.waitpid(self.pid, 0)
        if os.WIFSIGNALED(status):
            return signal.Signals(os.WTERMSIG(status)).name
        return f"exit status {os.WEXITSTATUS(status)}"


def _write_all(fd: int, content: bytes) -> None:
    while content:
        content = content[os.write(fd, content) :]


def _live(payloads: Path, requests: int, answers: int) -> None:
    """The child's life, from the first request to the end of its pipe.  Does not return."""
    status = 1
    try:
        die_with_parent()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
        _serve(payloads, requests, answers)
        status = 0
    finally:
        os._exit(status)


def _serve(payloads: Path, requests: int, answers: int) -> None:
    world: Optional[World] = None
    with os.fdopen(requests, "rb") as lines:
        for line in lines:
            message = json.loads(line)
            try:
                if world is None:
                    world = World(payloads)
                for call in message["calls"]:
                    outcome = world.execute(Call.from_json(call), message["seconds"])
                    _tell(answers, outcome.to_json())
            except CannotIssue as error:
                _tell(answers, {"crash": str(error)})
            except Exception:  # whatever it is, it is told to the one who asked
                _tell(answers, {"crash": traceback.format_exc()})


def _tell(fd: int, message: Dict[str, Any]) -> None:
    _write_all(fd, json.dumps(message).encode("ascii") + b"\n")
