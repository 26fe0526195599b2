"""A link to an agent: requests out, answers in, stray text kept for error messages."""

from __future__ import annotations

import contextlib
import os
import select
from collections import deque
from collections.abc import Callable
from typing import Any

from ..support.deadline import Patience
from ..wire.frame import Damaged, Decoder, Message, encode

_TAIL = 30


class LinkLost(Exception):
    """The agent did not answer, or answered nonsense.  The link is of no more use."""


class NoAnswer(LinkLost):
    """The agent did not answer in time."""


class Link:
    """Two file descriptors with an agent behind them.

    ``close`` ends whatever is behind; the link's own `close` calls it once.  ``last_words``
    gives what was said elsewhere, for error messages.  ``pid`` is the process that is waited for,
    where others may keep it from running (`Patience`).
    """

    def __init__(
        self,
        read_fd: int,
        write_fd: int,
        close: Callable[[], None],
        last_words: Callable[[], str] = str,
        pid: int | None = None,
    ) -> None:
        self._read_fd = read_fd
        self._write_fd = write_fd
        self._close: Callable[[], None] | None = close
        self._last_words = last_words
        self._pid = pid
        self._decoder = Decoder()
        self._stray: deque[str] = deque(maxlen=_TAIL)

    def request(self, body: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The agent's answer.  `LinkLost` where there is none within ``seconds``."""
        answered = False
        try:
            self._take_what_is_there()
            self._send(encode(body))
            answer = self._receive(seconds)
            answered = True
        finally:
            if not answered:  # an answer that comes later would be taken for the next one's
                self.close()
        if "error" in answer:
            raise LinkLost(f"the agent refused a request: {answer['error']}")
        return answer

    def greet(self, seconds: float) -> None:
        """Wait for the agent's first message."""
        body = self._receive(seconds)
        if "hello" not in body:
            raise LinkLost(f"the agent began with {body!r}")

    def _send(self, frame: bytes) -> None:
        try:
            while frame:
                frame = frame[os.write(self._write_fd, frame) :]
        except OSError as error:
            raise LinkLost(self._explain(f"the agent is gone ({error.strerror})")) from error

    def _receive(self, seconds: float) -> dict[str, Any]:
        patience = Patience(seconds, self._pid)
        while True:
            if not patience.readable(self._read_fd):
                raise NoAnswer(self._explain("the agent does not answer"))
            chunk = os.read(self._read_fd, 65536)
            if not chunk:
                raise LinkLost(self._explain("the agent has ended"))
            found = self._next(chunk)
            if found is not None:
                if isinstance(found.body, dict):
                    return found.body
                raise LinkLost(self._explain(f"an answer of no meaning: {found.body!r:.200}"))

    def _take_what_is_there(self) -> None:
        """Keep the stray text that came since the last answer.

        A message would be taken for the answer to the request that is sent next.
        """
        chunk = b""
        while True:
            found = self._next(chunk)
            if found is not None:
                raise LinkLost(self._explain(f"the agent spoke unasked: {found.body!r:.200}"))
            if not select.select([self._read_fd], [], [], 0)[0]:
                return
            chunk = os.read(self._read_fd, 65536)
            if not chunk:
                raise LinkLost(self._explain("the agent has ended"))

    def _next(self, chunk: bytes) -> Message | None:
        """The next message, if ``chunk`` completes one; keeps stray text."""
        for event in self._decoder.feed(chunk):
            if isinstance(event, Message):
                return event
            if isinstance(event, Damaged):
                raise LinkLost(self._explain(f"a damaged answer: {event.text[:200]!r}"))
            self._stray.append(event.text)
        return None

    def _explain(self, what: str) -> str:
        last = (*self._stray, self._decoder.rest(), *self._last_words().splitlines())
        lines = [line for line in last if line.strip()]
        if not lines:
            return what
        return "\n".join([f"{what}; its last words:", *(f"  | {line}" for line in lines)])

    def close(self) -> None:
        """End the agent and what it runs in.  May be called again."""
        close, self._close = self._close, None
        if close is not None:
            with contextlib.suppress(ProcessLookupError):
                close()
