"""Files of JSON lines as they are read: each error names file and line, and says what to do."""

from __future__ import annotations

import gzip
import hashlib
import io
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.support.json_lines import Lines


@pytest.fixture
def lines() -> Lines:
    return Lines(Path("a.jsonl"), "the recording", "Record it again")


def refused(lines: Lines, content: bytes) -> UsageProblem:
    with pytest.raises(UsageProblem) as caught:
        list(lines.of(io.BytesIO(content)))
    assert caught.value.remedy == "Record it again"
    return caught.value


def test_each_line_comes_with_its_number_and_the_digest_of_those_before(lines: Lines) -> None:
    content = [b'{"a": 1}\n', b"{}\n"]
    seen = [(lines.number, value, lines.digest.hexdigest()) for value in lines.of(content)]
    before = [hashlib.sha256(text).hexdigest() for text in (b"", content[0])]
    assert seen == [(1, {"a": 1}, before[0]), (2, {}, before[1])]


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (b"{\n", "this is not JSON: "),
        (b"\xff\n", "this is not JSON: "),
        (b"[" * 100_000 + b"\n", "this is not JSON: "),
        (b"[1]\n", "this is not a JSON object"),
    ],
    ids=["cut", "no text", "deep", "list"],
)
def test_a_broken_line_is_named(lines: Lines, second: bytes, why: str) -> None:
    said = refused(lines, b"{}\n" + second).cause
    assert said.startswith(f"the recording a.jsonl, line 2: {why}")


def test_a_line_without_its_end_was_cut_off(lines: Lines) -> None:
    said = refused(lines, b"{}\n{}").cause
    assert said == "the recording a.jsonl has no footer: it was cut off after line 1"


def test_a_packed_file_without_its_end_was_cut_off(lines: Lines) -> None:
    packed = gzip.compress(b"{}\n" * 1000)[:-8]
    with gzip.open(io.BytesIO(packed)) as file, pytest.raises(UsageProblem, match="was cut off"):
        list(lines.of(file))


def test_what_can_not_be_read_or_is_empty_is_said(lines: Lines) -> None:
    assert lines.empty().cause == "the recording a.jsonl is empty"
    refusal = PermissionError(13, "Permission denied")
    assert lines.unreadable(refusal).cause == (
        "the recording a.jsonl cannot be read: Permission denied"
    )
