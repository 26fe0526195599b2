"""A link to an agent: an answer in time, or a reason with the agent's last words."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence

import pytest

from pytest_kvmpmu.link.link import Link, LinkLost, NoAnswer
from pytest_kvmpmu.wire.frame import encode

from ..fakes import FakeTarget

TIMEOUT = 20.0
OK = encode({"ok": {}})


def lost(*parts: bytes | None, seconds: float = TIMEOUT) -> tuple[str, FakeTarget]:
    """Why a request failed to which the agent sent ``parts``."""
    target = FakeTarget(lambda _: parts)
    link = target.connect()
    with pytest.raises(LinkLost) as caught:
        link.request({"op": "ping"}, seconds)
    assert target.closed == 1
    return str(caught.value), target


def test_an_answer_comes_back() -> None:
    target = FakeTarget(lambda _: [OK])
    link = target.connect()
    assert [link.request({"op": "ping"}, TIMEOUT) for _ in range(3)] == [{"ok": {}}] * 3
    assert target.requests == [{"op": "ping"}] * 3
    link.close()


def test_stray_text_before_an_answer_is_passed_over() -> None:
    link = FakeTarget(lambda _: [b"[ 1.0] a word\r\nhalf a line ", OK]).connect()
    assert link.request({"op": "ping"}, TIMEOUT) == {"ok": {}}
    link.close()


def test_an_answer_may_come_in_pieces() -> None:
    link = FakeTarget(lambda _: [OK[:5], OK[5:9], OK[9:]]).connect()
    assert link.request({"op": "ping"}, TIMEOUT) == {"ok": {}}
    link.close()


def test_a_long_request_arrives_whole() -> None:
    target = FakeTarget(lambda _: [OK])
    link = target.connect()
    body = {"op": "x" * 300_000}
    assert link.request(body, TIMEOUT) == {"ok": {}}
    assert target.requests == [body]
    link.close()


def test_no_answer_in_time_is_told_in_time() -> None:
    began = time.monotonic()
    target = FakeTarget(lambda _: [])
    link = target.connect()
    with pytest.raises(NoAnswer, match=r"^the agent does not answer$"):
        link.request({"op": "ping"}, 0.05)
    assert 0.05 <= time.monotonic() - began < TIMEOUT
    assert target.closed == 1


def test_last_words_are_quoted_with_the_unfinished_line() -> None:
    said, _ = lost(b"Kernel panic\n\n", b"not sync", seconds=0.2)
    assert said == ("the agent does not answer; its last words:\n  | Kernel panic\n  | not sync")


def test_an_end_is_told_with_the_last_words() -> None:
    said, _ = lost(b"Traceback\n", None)
    assert said == "the agent has ended; its last words:\n  | Traceback"


def test_only_the_last_thirty_lines_are_quoted() -> None:
    said, _ = lost(*(b"line %d\n" % number for number in range(100)), None)
    assert said.count("\n") == 30
    assert "line 69" not in said
    assert said.endswith("line 99")


def test_a_damaged_answer_is_quoted() -> None:
    said, _ = lost(OK.replace(b"ok", b"ko"))
    assert said.startswith("a damaged answer: '")
    assert '{"ko":{}}' in said


def test_a_damaged_answer_is_quoted_up_to_200_characters() -> None:
    said, _ = lost(b"\x1e00000000 " + b"x" * 5000 + b"\n")
    assert len(said) < 300


@pytest.mark.parametrize("body", [None, 7, "ok", [1]], ids=str)
def test_an_answer_that_is_no_object_is_quoted(body: object) -> None:
    assert lost(encode(body))[0] == f"an answer that makes no sense: {body!r}"


@pytest.mark.parametrize("apart", [False, True], ids=["at once", "later"])
def test_an_answer_too_many_is_no_answer_to_the_next_request(apart: bool) -> None:
    parts = [OK, b"a word\n", encode({"late": 1})]
    written = threading.Event()

    def reply(_: object) -> Iterator[bytes]:
        yield from parts if apart else [b"".join(parts)]
        written.set()

    target = FakeTarget(reply)
    link = target.connect()
    assert link.request({"op": "ping"}, TIMEOUT) == {"ok": {}}
    assert written.wait(TIMEOUT)
    with pytest.raises(LinkLost, match=r"the agent spoke unasked: {'late': 1}; its last(.|\n)*a w"):
        link.request({"op": "ping"}, TIMEOUT)
    assert target.requests == [{"op": "ping"}]


def test_an_agent_that_ended_since_is_not_asked() -> None:
    target = FakeTarget(lambda _: [OK, b"Kernel panic\n", None])
    link = target.connect()
    assert link.request({"op": "ping"}, TIMEOUT) == {"ok": {}}
    with pytest.raises(LinkLost, match="Kernel panic"):
        link.request({"op": "ping"}, TIMEOUT)


def test_an_agent_that_is_gone_is_noticed_when_it_is_asked() -> None:
    target = FakeTarget(lambda _: [OK, None])
    link = target.connect()
    assert link.request({"op": "ping"}, TIMEOUT) == {"ok": {}}
    with pytest.raises(LinkLost, match=r"the agent (is gone \(Broken pipe\)|has ended)"):
        link.request({"op": "x" * 300_000}, TIMEOUT)
    assert target.closed == 1


def test_a_refused_request_is_told_and_the_link_stays() -> None:
    replies = iter([encode({"error": "unknown op 'x'"}), OK])

    def reply(_: object) -> Sequence[bytes]:
        return [next(replies)]

    target = FakeTarget(reply)
    link = target.connect()
    with pytest.raises(LinkLost, match="the agent refused a request: unknown op 'x'"):
        link.request({"op": "x"}, TIMEOUT)
    assert target.closed == 0
    assert link.request({"op": "ping"}, TIMEOUT) == {"ok": {}}
    link.close()


def test_a_link_closes_once() -> None:
    target = FakeTarget(lambda _: [])
    link = target.connect()
    link.close()
    link.close()
    assert target.closed == 1


def test_a_process_that_is_gone_already_is_no_error() -> None:
    def close() -> None:
        raise ProcessLookupError

    Link.on(0, 1, close).close()


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for fd in ends:
        os.close(fd)


def test_a_greeting_is_waited_for(pipe: tuple[int, int]) -> None:
    os.write(pipe[1], b"booting\n" + encode({"hello": 1}))
    Link.on(pipe[0], pipe[1], lambda: None).greet(TIMEOUT)


@pytest.mark.parametrize(
    ("sent", "says"),
    [(OK, r"the agent began with \{'ok': \{\}\}"), (b"no init\n", "does not answer; its last")],
)
def test_what_is_no_greeting_is_told(sent: bytes, says: str, pipe: tuple[int, int]) -> None:
    os.write(pipe[1], sent)
    with pytest.raises(LinkLost, match=says):
        Link.on(pipe[0], pipe[1], lambda: None).greet(0.1)
