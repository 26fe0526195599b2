"""A running QEMU with an agent on its serial line.

Not for: what it boots or resumes from (`prepare`), or its command line (`qemu`).
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any

from ...link.channel import Channel, Closed, Garbled, Silent
from ...wire.frame import encode
from ..failure import LabFailure
from ..host import programs
from .console import Console

# Wall time on a busy host: from power-on to the agent's first word; for a short answer.
BOOT_SECONDS = 240.0
ANSWER_SECONDS = 15.0
PING = {"op": "ping"}


class Machine:
    """A QEMU process.  It ends with the thread that started it, at the latest.

    ``channel`` is the serial line, ``console`` keeps what came outside of frames, ``pid`` is
    QEMU's.  ``was_warm``: nothing had to be prepared for it.  ``lack`` says what keeps the specs
    from running on it, as far as that is known.
    """

    line = ""
    kernel_release = ""
    was_warm = False
    lack = ""

    def __init__(self, command: Sequence[str], fds: Sequence[int] = ()) -> None:
        self.console = Console()
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
        self.pid = self._process.pid
        self.channel = Channel(
            self._process.stdout.fileno(),
            self._process.stdin.fileno(),
            stray=self.console.append,
            pid=self.pid,
        )

    def receive(self, seconds: float, silence: float | None = None, wall: bool = False) -> Any:
        """The agent's next message, as `Channel.receive`.  Raises `LabFailure` if none comes."""
        with self._explained():
            return self.channel.receive(seconds, silence, wall)

    def send(self, body: Any) -> None:
        """Send a message to the agent.  Raises `LabFailure` if the VM died."""
        with self._explained():
            self.channel.send(encode(body))

    def ping(self, seconds: float) -> None:
        """Have the agent answer once.  Raises `LabFailure` if it doesn't in ``seconds``."""
        self.send(PING)
        self.receive_pong(seconds)

    def receive_pong(self, seconds: float) -> None:
        """The second half of `ping`, after `PING` was sent."""
        answer = self.receive(seconds)
        if answer != {"ok": {}} or self.channel.unasked():
            raise self._died(f"the agent in the lab VM answered a ping with {answer!r}")

    def describe(self, seconds: float) -> dict[str, Any]:
        """The agent's description of its machine.  Raises `LabFailure` if it gives none in time."""
        self.send({"op": "describe"})
        answer = self.receive(seconds)
        if not isinstance(answer, dict) or not isinstance(answer.get("ok"), dict):
            raise self._died(f"the agent in the lab VM described its machine as {answer!r}")
        return dict(answer["ok"])

    def check(self, good: bool, otherwise: str) -> None:
        """Raise a `LabFailure` that says ``otherwise``, unless ``good``."""
        if not good:
            raise self._died(otherwise)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn a broken channel into a `LabFailure` that shows the console."""
        try:
            yield
        except Silent as error:
            raise self._died(
                f"the agent in the lab VM said nothing for {error.seconds:.0f} s"
            ) from error
        except Garbled as error:
            self.console.append(error.text)
            raise self._died("a message from the lab VM is damaged") from error
        except Closed as error:
            raise self._died("the lab VM died") from error

    def _died(self, what: str) -> LabFailure:
        self.console.append(self.channel.rest())
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
