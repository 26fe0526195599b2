"""A link to an agent: requests out, answers in, stray text kept for error messages."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from ..wire.frame import encode
from .channel import Broken, Channel, Closed, Garbled, Silent

_TAIL = 30


class LinkLost(Exception):
    """The agent did not answer, or its answer makes no sense.  The link can't be used any more."""


class NoAnswer(LinkLost):
    """The agent did not answer in time."""


class Link:
    """A ``channel`` with an agent at its other end.

    ``close`` ends whatever is behind it; the link's own `close` calls it once.  ``last_words``
    gives what was printed elsewhere, for error messages.
    """

    def __init__(
        self,
        channel: Channel,
        close: Callable[[], None],
        last_words: Callable[[], str] = str,
    ) -> None:
        self._channel = channel
        self._close: Callable[[], None] | None = close
        self._last_words = last_words
        self._stray: deque[str] = deque(maxlen=_TAIL)
        channel.stray = self._stray.append

    @classmethod
    def on(cls, read_fd: int, write_fd: int, close: Callable[[], None]) -> Link:
        """A link on two file descriptors."""
        return cls(Channel(read_fd, write_fd, stray=lambda _: None), close)

    def request(self, body: dict[str, Any], seconds: float) -> dict[str, Any]:
        """The agent's answer.  Raises `LinkLost` if there is none within ``seconds``."""
        answered = False
        try:
            with self._explained():
                # It would be taken for the answer to the request that is sent next.
                for unasked in self._channel.unasked():
                    raise LinkLost(self._explain(f"the agent spoke unasked: {unasked!r:.200}"))
                self._channel.send(encode(body))
                answer = self._receive(seconds)
            answered = True
        finally:
            if not answered:  # an answer that comes later would be taken for the next one's
                self.close()
        if "error" in answer:
            raise LinkLost(f"the agent refused a request: {answer['error']}")
        return answer

    def greet(self, seconds: float) -> None:
        """Wait for the agent's first message.  Raises `LinkLost` if it is not a greeting."""
        with self._explained():
            body = self._receive(seconds)
        if "hello" not in body:
            raise LinkLost(f"the agent began with {body!r}")

    def _receive(self, seconds: float) -> dict[str, Any]:
        body = self._channel.receive(seconds)
        if isinstance(body, dict):
            return body
        raise LinkLost(self._explain(f"an answer that makes no sense: {body!r:.200}"))

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn a `Broken` channel into a `LinkLost` that shows the agent's last words."""
        try:
            yield
        except Silent as error:
            raise NoAnswer(self._explain("the agent does not answer")) from error
        except Broken as error:
            raise LinkLost(self._explain(_what(error))) from error

    def _explain(self, what: str) -> str:
        last = (*self._stray, self._channel.rest(), *self._last_words().splitlines())
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


def _what(error: Broken) -> str:
    if isinstance(error, Garbled):
        return f"a damaged answer: {error.text[:200]!r}"
    cause = error.__cause__
    if isinstance(error, Closed) and isinstance(cause, OSError):
        return f"the agent is gone ({cause.strerror})"
    return "the agent has ended"
