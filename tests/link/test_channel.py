"""Frames and stray text on two file descriptors."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from pytest_kvmpmu.link.channel import Channel, Closed, Garbled, Silent
from pytest_kvmpmu.wire.frame import RS, Decoder, Message, encode

SECONDS = 20.0


class Ends:
    """Both directions of a channel: ``say`` is the other side's."""

    def __init__(self) -> None:
        self.hears, writes = os.pipe()
        reads, self.says = os.pipe()
        self.stray: list[str] = []
        self.channel = Channel(reads, writes, self.stray.append)
        self.open = {self.hears, writes, reads, self.says}

    def say(self, *frames: bytes) -> None:
        os.write(self.says, b"".join(frames))

    def close(self, *fds: int) -> None:
        for fd in fds or tuple(self.open):
            os.close(fd)
            self.open.discard(fd)


@pytest.fixture
def ends() -> Iterator[Ends]:
    made = Ends()
    yield made
    made.close()


def test_messages_come_in_order_and_stray_text_is_passed_on(ends: Ends) -> None:
    ends.say(b"early\n", encode(1), b"between\n", encode([2]))
    assert [ends.channel.receive(SECONDS), ends.channel.receive(SECONDS)] == [1, [2]]
    assert ends.stray == ["early", "between"]


def test_a_frame_is_sent_whole(ends: Ends) -> None:
    ends.channel.send(encode({"op": "ping"}))
    (event,) = Decoder().feed(os.read(ends.hears, 100))
    assert event == Message({"op": "ping"})


def test_no_message_in_time_is_silence(ends: Ends) -> None:
    ends.say(b"half of a l")
    with pytest.raises(Silent) as silent:
        ends.channel.receive(0.05)
    assert silent.value.seconds == 0.05
    assert ends.channel.rest() == "half of a l"


def test_silence_bounds_only_a_side_that_never_said_anything(ends: Ends) -> None:
    with pytest.raises(Silent) as silent:
        ends.channel.receive(SECONDS, silence=0.05)
    assert silent.value.seconds == 0.05
    ends.say(b"a word\n")
    with pytest.raises(Silent) as silent:
        ends.channel.receive(0.1, silence=SECONDS)
    assert silent.value.seconds == 0.1


def test_messages_that_nobody_waits_for_are_seen_without_waiting(ends: Ends) -> None:
    assert ends.channel.unasked() == ()
    ends.say(b"stray\n", encode(7), encode(8))
    assert ends.channel.unasked() == (7, 8)
    assert ends.stray == ["stray"]
    assert ends.channel.receive(0) == 7  # it is not lost


def test_a_damaged_frame_is_garbled(ends: Ends) -> None:
    ends.say(RS + b"00000000 {}\n")
    with pytest.raises(Garbled) as garbled:
        ends.channel.receive(SECONDS)
    assert garbled.value.text == "00000000 {}"


def test_a_side_that_ended_is_closed(ends: Ends) -> None:
    ends.close(ends.says)
    with pytest.raises(Closed):
        ends.channel.receive(SECONDS)
    with pytest.raises(Closed):
        ends.channel.unasked()
    ends.close(ends.hears)
    with pytest.raises(Closed) as closed:
        ends.channel.send(encode(1))
    assert isinstance(closed.value.__cause__, BrokenPipeError)
