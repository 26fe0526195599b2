"""A channel to an agent: two file descriptors that carry frames, with stray text around them.

Not for: what a message means, or what to do if the other side fails (`link`, `lab.vm.machine`).
"""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Callable
from typing import Any

from ..support.deadline import Deadline
from ..wire.frame import Damaged, Decoder, Message

_CHUNK = 65536


class Broken(Exception):
    """The channel can't be used any more: one of the kinds below."""


class Closed(Broken):
    """The other side has ended.  ``__cause__`` is the OSError if a write showed it."""


class Silent(Broken):
    """No message came within ``seconds``."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Garbled(Broken):
    """A frame is damaged; ``text`` is what it was."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class Channel:
    """Sends frames to ``write_fd`` and takes messages from ``read_fd``.

    ``stray`` gets each line of text that stands outside of frames.  ``pid`` is the process that is
    waited for: time in which others keep it from running does not count (`Deadline`).
    """

    def __init__(
        self, read_fd: int, write_fd: int, stray: Callable[[str], None], pid: int | None = None
    ) -> None:
        self.read_fd = read_fd
        self.write_fd = write_fd
        self.stray = stray
        self.pid = pid
        self._decoder = Decoder()
        self._messages: deque[Any] = deque()
        self._heard = False

    def send(self, frame: bytes) -> None:
        """Write the whole ``frame``.  Raises `Closed` if nobody reads."""
        try:
            while frame:
                frame = frame[os.write(self.write_fd, frame) :]
        except OSError as error:
            raise Closed from error

    def receive(self, seconds: float, silence: float | None = None, wall: bool = False) -> Any:
        """The body of the next message, which may take ``seconds`` to come.

        ``silence`` is the bound instead as long as nothing at all was ever received.  With ``wall``
        both are wall time.  Raises `Silent`, `Closed` or `Garbled`.
        """
        deadline = Deadline(seconds, None if wall else self.pid)
        while not self._messages:
            deadline.seconds = seconds if silence is None or self._heard else silence
            if not deadline.readable(self.read_fd):
                raise Silent(deadline.seconds)
            self._take(os.read(self.read_fd, _CHUNK))
        return self._messages.popleft()

    def unasked(self) -> tuple[Any, ...]:
        """The messages that are there already, without waiting; stray text is passed on.

        Raises `Closed` or `Garbled`.
        """
        while not self._messages and select.select([self.read_fd], [], [], 0)[0]:
            self._take(os.read(self.read_fd, _CHUNK))
        return tuple(self._messages)

    def rest(self) -> str:
        """What was received of an unfinished line, for an error message."""
        return self._decoder.rest()

    def _take(self, chunk: bytes) -> None:
        if not chunk:
            raise Closed
        self._heard = True
        for event in self._decoder.feed(chunk):
            if isinstance(event, Message):
                self._messages.append(event.body)
                continue
            if isinstance(event, Damaged):
                raise Garbled(event.text)
            self.stray(event.text)
