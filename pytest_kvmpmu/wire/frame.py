"""Frames: JSON messages on a byte stream that also carries other text.

A serial console also carries what the kernel prints.  A frame is one line

    RS  crc32 of the text, 8 hex digits  SPACE  text  LF

The text is ASCII JSON or, if that is shorter, ``=`` and the JSON deflated, in base64:
an emulated serial line takes longer for ten bytes than Python for a call.  RS (0x1e)
occurs in neither, and the kernel does not print it.  Everything outside a frame is stray
text: it is passed on to be shown, never parsed.
"""

from __future__ import annotations

import binascii
import json
import zlib
from dataclasses import dataclass
from typing import Any, Iterator, Union

RS = b"\x1e"
_JSON = json.JSONEncoder(separators=(",", ":"))
# Skips what json.loads does first: an emulated CPU has to translate that after each resume.
_parse = json.JSONDecoder().raw_decode
# Shorter messages are not deflated: deflating them would cost an emulated CPU more.
_LONG = 100
# Common parts of messages, most frequent last (zlib: deflateSetDictionary).  Part of the
# format: both sides must have the same.
_PHRASES = (
    b'{"outcomes":[[{"ret":-1,"errno":"EFAULT"},{"ret":-1,"errno":"ENODEV"},'
    b'{"ret":-1,"errno":"ENXIO"},{"ret":-1,"errno":"EBUSY"},{"ret":-1,"errno":"EINVAL"},'
    b'{"ret":-1,"errno":"EINTR","exit":{"reason":"KVM_EXIT_FAIL_ENTRY","fail_entry":'
    b'{"hardware_entry_failure_reason":1,"cpu":4}}},{"ret":0,"exit":{"reason":"KVM_EXIT_MMIO",'
    b'"mmio":{"phys_addr":167772160,"len":8,"is_write":true,"data":{"ret":0},{"ret":0}]]}'
    b'{"call":"KVM_CREATE_IRQCHIP","call":"KVM_GET_API_VERSION","on":"kvm",'
    b'"call":"KVM_GET_ONE_REG","on":"vcpu1","cpu":0,"id":6927444437592547356'
    b'"call":"KVM_SET_ONE_REG","addr":{"u64":"call":"KVM_GET_DEVICE_ATTR",'
    b'"call":"KVM_CHECK_EXTENSION","on":"kvm","cpu":0,"cap":126},"argp":"fault",'
    b'{"call":"KVM_HAS_DEVICE_ATTR","on":"vcpu0","cpu":0,"group":0,"attr":3},'
    b'{"call":"KVM_RUN","on":"vcpu0","cpu":0,"immediate_exit":true},'
    b'{"call":"KVM_SET_USER_MEMORY_REGION","on":"vm0","cpu":0,"payload":"cycle-counter"},'
    b'{"call":"KVM_CREATE_DEVICE","on":"vm0","cpu":0,"new":"dev0","type":7},'
    b'{"call":"KVM_SET_DEVICE_ATTR","on":"dev0","cpu":0,"group":0,"attr":2,"addr":{"u64":134217728}},'
    b'{"call":"KVM_SET_DEVICE_ATTR","on":"vcpu0","cpu":0,"group":0,"attr":2,"addr":'
    b'{"kvm_pmu_event_filter":{"base_event":0,"nevents":0,"action":1}}},'
    b'{"call":"KVM_SET_DEVICE_ATTR","on":"vcpu0","cpu":0,"group":0,"attr":0,"addr":{"int":23}},'
    b'{"call":"KVM_ARM_PREFERRED_TARGET","on":"vm0","cpu":0},'
    b'{"call":"KVM_ARM_VCPU_INIT","on":"vcpu0","cpu":0,"target":5,"features":[2,3]},'
    b'{"op":"execute","world":1,"calls":[{"call":"KVM_CREATE_VM","on":"kvm","cpu":0,"new":"vm0"},'
    b'{"call":"KVM_CREATE_VCPU","on":"vm0","cpu":0,"new":"vcpu0","id":0}],'
    b'"orders":[[0,1,2,3,4,5]],"seconds":10.0,"until_refused":true}'
)


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
    """A line that began as a frame but whose checksum or content is wrong."""

    text: str


Event = Union[Message, Stray, Damaged]


def encode(body: Any) -> bytes:
    """``body`` as one frame."""
    text = _JSON.encode(body).encode("ascii")
    if len(text) > _LONG:
        text = min(text, _deflated(text), key=len)
    return RS + b"%08x " % zlib.crc32(text) + text + b"\n"


def _deflated(text: bytes) -> bytes:
    press = zlib.compressobj(zdict=_PHRASES, wbits=-zlib.MAX_WBITS)
    packed = press.compress(text) + press.flush()
    return b"=" + binascii.b2a_base64(packed, newline=False)


def _inflated(text: bytes) -> bytes:
    press = zlib.decompressobj(zdict=_PHRASES, wbits=-zlib.MAX_WBITS)
    return press.decompress(binascii.a2b_base64(text[1:])) + press.flush()


class Decoder:
    """Takes bytes as they arrive and returns whole events, in order."""

    def __init__(self) -> None:
        self._buffer = b""

    def feed(self, chunk: bytes) -> Iterator[Event]:
        """The events that ``chunk`` completes."""
        self._buffer += chunk
        while b"\n" in self._buffer:
            line, self._buffer = self._buffer.split(b"\n", 1)
            yield from _line(line)

    def rest(self) -> str:
        """The received part of an unfinished line, for an error message."""
        return self._buffer.replace(RS, b"").decode("ascii", "replace")


def _line(line: bytes) -> Iterator[Event]:
    before, mark, frame = line.partition(RS)
    stray = before.decode("utf-8", "replace").rstrip("\r")
    if stray or not mark:
        yield Stray(stray)
    if not mark:
        return
    yield _message(frame) or Damaged(frame.decode("ascii", "replace"))


def _message(frame: bytes) -> Message | None:
    crc, _, text = frame.partition(b" ")
    if not text or crc != b"%08x" % zlib.crc32(text):
        return None
    try:
        plain = (_inflated(text) if text.startswith(b"=") else text).decode("ascii")
        body, end = _parse(plain)
    except (ValueError, zlib.error):  # right checksum, unreadable text
        return None
    return Message(body) if end == len(plain) else None
