"""A running QEMU with an agent on its serial line.

Not for: what it boots or resumes from (`prepare`), or its command line (`qemu`).
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

from ...support.deadline import Patience
from ...wire.frame import Damaged, Decoder, Message, encode
from ..failure import LabFailure
from ..host import programs
from .console import Console

# Wall time on a busy host: from power-on to the agent's first word; for a short answer.
BOOT_SECONDS = 240.0
ANSWER_SECONDS = 15.0
PING = {"op": "ping"}


class Machine:
    """A QEMU process.  It ends with the thread that started it, at the latest.

    ``read_fd`` and ``write_fd`` are the serial line, ``console`` keeps what came outside of
    frames, ``pid`` is QEMU's.  ``was_warm``: nothing had to be prepared for it.  ``lack`` says
    what keeps the specs from running on it, as far as that is known.
    """

    line = ""
    kernel_release = ""
    was_warm = False
    lack = ""

    def __init__(self, command: Sequence[str], fds: Sequence[int] = ()) -> None:
        self.console = Console()
        self._decoder = Decoder()
        self._messages: deque[Any] = deque()
        self._heard = False
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        try:
            self._process = programs.spawn(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._stderr,
                bufsize=0,
                pass_fds=fds,
            )
        except BaseException:  # Ctrl-C included: nobody else can close it
            self._stderr.close()
            raise
        assert self._process.stdin is not None  # PIPE
        assert self._process.stdout is not None
        self.write_fd = self._process.stdin.fileno()
        self.read_fd = self._process.stdout.fileno()
        self.pid = self._process.pid

    def receive(self, seconds: float, silence: float | None = None, wall: bool = False) -> Any:
        """The next message from the agent.  `LabFailure` where none comes in that time.

        Where nothing at all comes, ``silence`` is the time.  Unless it is ``wall`` time,
        what other processes keep QEMU from running does not count.
        """
        patience = Patience(seconds, None if wall else self.pid)
        while not self._messages:
            patience.seconds = seconds if silence is None or self._heard else silence
            if not patience.readable(self.read_fd):
                raise self._died(
                    f"the agent in the lab VM said nothing for {patience.seconds:.0f} s"
                )
            chunk = os.read(self.read_fd, 65536)
            if not chunk:
                raise self._died("the lab VM died")
            self._heard = True
            for event in self._decoder.feed(chunk):
                if isinstance(event, Message):
                    self._messages.append(event.body)
                    continue
                self.console.append(event.text)
                self.check(not isinstance(event, Damaged), "a message from the lab VM is damaged")
        return self._messages.popleft()

    def send(self, body: Any) -> None:
        """Send a message to the agent."""
        frame = encode(body)
        try:
            while frame:
                frame = frame[os.write(self.write_fd, frame) :]
        except BrokenPipeError:
            raise self._died("the lab VM died") from None

    def ping(self, seconds: float) -> None:
        """Have the agent answer once.  `LabFailure` where it doesn't in that time."""
        self.send(PING)
        self.receive_pong(seconds)

    def receive_pong(self, seconds: float) -> None:
        """The second half of `ping`, for who has sent `PING`."""
        answer = self.receive(seconds)
        if answer != {"ok": {}} or self._messages:
            raise self._died(f"the agent in the lab VM answered a ping with {answer!r}")

    def describe(self, seconds: float) -> dict[str, Any]:
        """What the agent says of its machine.  `LabFailure` where it doesn't in that time."""
        os.write(self.write_fd, encode({"op": "describe"}))
        answer = self.receive(seconds)
        if not isinstance(answer, dict) or not isinstance(answer.get("ok"), dict):
            raise self._died(f"the agent in the lab VM described its machine as {answer!r}")
        return dict(answer["ok"])

    def check(self, good: bool, otherwise: str) -> None:
        """Raise `LabFailure` that says ``otherwise`` where something is not ``good``."""
        if not good:
            raise self._died(otherwise)

    def _died(self, what: str) -> LabFailure:
        self.console.append(self._decoder.rest())
        self.console.append(self.said())
        return self.console.died(what)

    def said(self) -> str:
        """What QEMU itself printed: nothing, if all is well."""
        return programs.text_of(self._stderr)

    @contextlib.contextmanager
    def quoted(self) -> Iterator[None]:
        """Have a `LabFailure` of this machine's monitor say what QEMU printed, too."""
        try:
            yield
        except LabFailure as failure:
            said = self.said()
            if not said:
                raise
            raise LabFailure(f"{failure}: {said}") from failure

    def close(self) -> None:
        """Kill QEMU, reap it, close the serial line.  May be called again."""
        programs.stop(self._process)
        self._stderr.close()

    def __enter__(self) -> Machine:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
