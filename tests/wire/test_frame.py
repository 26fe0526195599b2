"""Frames: whole messages out of a byte stream that carries other text too."""

from __future__ import annotations

import random
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kvmpmu.wire.frame import RS, Damaged, Decoder, Event, Message, Stray, encode

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
stray_lines = st.text(
    st.characters(exclude_characters="\n\r\x1e", exclude_categories=["Cs"]), max_size=20
)


def decode(content: bytes) -> list[Event]:
    return list(Decoder().feed(content))


@given(json_values)
def test_a_message_comes_back_as_it_was(body: Any) -> None:
    assert decode(encode(body)) == [Message(body)]


@given(json_values)
def test_a_frame_is_one_line_of_ascii_that_begins_with_rs(body: Any) -> None:
    frame = encode(body)
    assert frame.isascii()
    assert frame.startswith(RS)
    assert frame.index(b"\n") == len(frame) - 1
    assert frame.count(RS) == 1


def test_a_long_message_is_deflated() -> None:
    body = {"calls": [{"call": "KVM_HAS_DEVICE_ATTR", "on": "vcpu0", "cpu": 0}] * 50}
    assert len(encode(body)) < 100
    assert decode(encode(body)) == [Message(body)]


def test_a_long_message_that_does_not_deflate_is_left_as_it_is() -> None:
    letters = random.Random(1)
    body = "".join(chr(letters.randrange(0x23, 0x5B)) for _ in range(200))
    assert body.encode() in encode(body)
    assert decode(encode(body)) == [Message(body)]


@given(st.lists(json_values | stray_lines.map(Stray), max_size=6), st.data())
def test_events_do_not_depend_on_how_the_bytes_arrive(
    parts: list[Any], data: st.DataObject
) -> None:
    content = b"".join(
        part.text.encode() + b"\n" if isinstance(part, Stray) else encode(part) for part in parts
    )
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=8)))
    decoder = Decoder()
    events: list[Event] = []
    for start, end in zip([0, *cuts], [*cuts, len(content)], strict=True):
        events += decoder.feed(content[start:end])
    assert events == [part if isinstance(part, Stray) else Message(part) for part in parts]
    assert decoder.rest() == ""


@given(st.binary(max_size=60))
def test_no_bytes_break_the_decoder(content: bytes) -> None:
    decoder = Decoder()
    events = list(decoder.feed(content)) + list(decoder.feed(b"\n"))
    assert events
    assert list(decoder.feed(encode("next"))) == [Message("next")]


def test_text_before_a_frame_on_its_line_is_stray() -> None:
    assert decode(b"[ 1.0] kvm: " + encode({"ok": 1})) == [
        Stray("[ 1.0] kvm: "),
        Message({"ok": 1}),
    ]


def test_a_carriage_return_at_the_end_of_stray_text_is_dropped() -> None:
    assert decode(b"login: \r\n") == [Stray("login: ")]


def test_stray_text_that_is_not_utf8_is_shown_as_far_as_it_can_be() -> None:
    assert decode(b"ab\xffc\n") == [Stray("ab\ufffdc")]


def test_a_frame_that_lost_a_byte_is_damaged_and_the_next_one_is_not() -> None:
    frame = encode({"calls": []})
    for gone in range(1, len(frame) - 1):
        hurt = frame[:gone] + frame[gone + 1 :]
        first, second = decode(hurt + encode("whole"))
        assert isinstance(first, Damaged), hurt
        assert second == Message("whole")


@pytest.mark.parametrize("at", range(1, 20))
def test_a_frame_with_a_flipped_bit_is_damaged(at: int) -> None:
    frame = bytearray(encode({"calls": []}))
    frame[at] ^= 1
    (event,) = decode(bytes(frame))
    assert isinstance(event, Damaged)


def test_a_damaged_frames_text_is_kept() -> None:
    assert decode(RS + b"00000000 {}\n") == [Damaged("00000000 {}")]


@pytest.mark.parametrize("frame", [b"00000000", b"00000000 "], ids=["crc", "crc-and-space"])
def test_a_frame_without_a_message_is_damaged(frame: bytes) -> None:
    # The checksum of an empty text is 0: the frame checks out but has no JSON.
    assert decode(RS + frame + b"\n") == [Damaged(frame.decode())]


@pytest.mark.parametrize(
    "text", [b"ok", b"=", b"={", b"=AAAA", b"\xff", b"[1", b"[1]]", b" 1"], ids=str
)
def test_a_frame_that_checks_out_and_is_no_json_is_damaged(text: bytes) -> None:
    (event,) = decode(RS + b"%08x " % zlib.crc32(text) + text + b"\n")
    assert isinstance(event, Damaged)


def test_rest_is_the_unfinished_line_without_its_mark() -> None:
    decoder = Decoder()
    half = encode({"ok": "yes"})[:-5]
    assert list(decoder.feed(b"whole\n" + half)) == [Stray("whole")]
    assert decoder.rest() == half[1:].decode()
