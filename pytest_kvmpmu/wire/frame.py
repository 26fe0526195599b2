"""Frames: JSON messages on a byte stream that carries other text as well.

A serial console also carries what the kernel prints.  A frame is one line

    RS  crc32 of the message, 8 hex digits  SPACE  message (ASCII JSON)  LF

RS (0x1e) occurs in no JSON text, and no kernel prints it.  Whatever stands outside
a frame is stray text: handed on to be shown, never parsed.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import Any, Iterator, Union

RS = b"\x1e"
_JSON = json.JSONEncoder(separators=(",", ":"))


@dataclass(frozen=True)
class Message:
    """A whole frame's message."""

    body: Any


@dataclass(frozen=True)
class Stray:
    """Text outside of frames."""

    text: str


@dataclass(frozen=True)
class Damaged:
    """A line that began as a frame and does not check out."""

    text: str


Event = Union[Message, Stray, Damaged]


def encode(body: Any) -> bytes:
    """``body`` as one frame."""
    text = _JSON.encode(body).encode("ascii")
    return RS + b"%08x " % zlib.crc32(text) + text + b"\n"


class Decoder:
    """Takes bytes as they come and gives back whole events, in order."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that ``chunk`` completes."""
        self._buffer += chunk
        while b"\n" in self._buffer:
            line, self._buffer = self._buffer.split(b"\n", 1)
            yield from _line(line)

    def rest(self) -> str:
        """What was received of an unfinished line, for an error message."""
        return self._buffer.replace(RS, b"").decode("ascii", "replace")


def _line(line: bytes) -> Iterator[Event]:
    before, mark, frame = line.partition(RS)
    stray = before.decode("utf-8", "replace").rstrip("\r")
    if stray or not mark:
        yield Stray(stray)
    if not mark:
        return
    crc, _, text = frame.partition(b" ")
    if text and crc == b"%08x" % zlib.crc32(text):
        yield Message(json.loads(text))
    else:
        yield Damaged(frame.decode("ascii", "replace"))
