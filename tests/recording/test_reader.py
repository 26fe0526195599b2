"""The file as it is read: refused, with the place, where it is not whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.recording.reader import read

from .samples import FIRST, HOST, RUN, SECOND, VCPU, VM, lines_of, record, rewrite


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return record(tmp_path / "run.jsonl")


@pytest.mark.parametrize("name", ["run.jsonl", "run.jsonl.gz"])
def test_what_was_written_is_read(name: str, tmp_path: Path) -> None:
    recording = read(record(tmp_path / name))
    assert [(world.number, world.test) for world in recording.worlds] == [
        (1, FIRST),
        (2, SECOND),
        (3, SECOND),
    ]
    first, _, last = recording.worlds
    assert [step.calls for step in first.steps] == [(VM,), (VCPU,), (RUN,)]
    assert [step.line for step in first.steps] == [3, 4, 5]
    assert [(len(step.calls), step.at_once, step.seconds) for step in last.steps] == [
        (1, False, 0.5),
        (2, True, None),
    ]
    assert recording.calls == 7
    header = recording.header
    assert (header.backend, header.release, header.revision) == ("model", "6.12", "linux-6.7")
    assert header.host == HOST
    assert header.versions.keys() == {"pytest-kvmpmu", "python"}
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def refused(path: Path) -> str:
    with pytest.raises(UsageProblem) as caught:
        read(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_a_file_cut_short_anywhere_is_refused_with_its_last_line(path: Path) -> None:
    data = path.read_bytes()
    for size in range(1, len(data), 7):
        path.write_bytes(data[:size])
        whole = data[:size].count(b"\n")
        assert f"has no footer: it was cut off after line {whole}" in refused(path)
    path.write_bytes(b"")
    assert "is empty" in refused(path)


def test_a_packed_file_cut_short_anywhere_is_refused(tmp_path: Path) -> None:
    path = record(tmp_path / "run.jsonl.gz")
    data = path.read_bytes()
    for size in range(2, len(data)):  # one byte is not even gzip
        path.write_bytes(data[:size])
        assert "has no footer: it was cut off after line" in refused(path)


def change(path: Path, line: int, **changes: Any) -> None:
    """Change the keys of one line, from 1; None removes a key."""
    lines = lines_of(path)
    value = {**lines[line - 1], **changes}
    lines[line - 1] = {key: inner for key, inner in value.items() if inner is not None}
    rewrite(path, lines)


@pytest.mark.parametrize(
    ("line", "changes", "says"),
    [
        (1, {"kvmpmu-recording": None}, "line 1: this is not the header of a recording"),
        (1, {"kvmpmu-recording": 7}, "line 1: format 7 is unknown"),
        (1, {"host": {}}, "line 1: the key 'name' is missing"),
        (2, {"world": 2}, "line 2: world: 2 is out of order, 1 is next"),
        (3, {"world": 2}, "line 3: world: 2 has not begun"),
        (3, {"world": None}, "line 3: world: None has not begun"),
        (3, {"world": []}, "line 3: world: [] has not begun"),
        (4, {"call": {"call": "KVM_DESTROY"}}, "line 4: call: a call needs the key 'on'"),
        (4, {"outcome": None}, "line 4: the key 'outcome' is missing"),
        (6, {"world": 1}, "line 6: world: 1 is out of order, 2 is next"),
    ],
)
def test_a_broken_line_is_refused_with_its_number(
    line: int, changes: dict[str, Any], says: str, path: Path
) -> None:
    change(path, line, **changes)
    assert says in refused(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"{\n", "line 5: this is not JSON"),
        (b"\n", "line 5: this is not JSON"),
        (b"\xff\n", "line 5: this is not JSON"),
        (b"[" * 100_000 + b"\n", "line 5: this is not JSON"),
        (b"[]\n", "line 5: this is not a JSON object"),
    ],
)
def test_a_line_that_is_no_object_is_refused_with_its_number(
    text: bytes, says: str, path: Path
) -> None:
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], text, *lines[5:]]))
    assert says in refused(path)


def test_lines_that_are_not_those_that_were_written_are_refused(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"cpu": 1', '"cpu": 2'), encoding="utf-8")
    assert "line 11: the file was changed after it was written" in refused(path)


@pytest.mark.parametrize("key", ["worlds", "calls"])
def test_a_footer_with_other_counts_is_refused(key: str, path: Path) -> None:
    lines = lines_of(path)
    lines[-1]["end"][key] += 1
    assert "line 11: the file was changed" in refused(rewrite(path, lines))


def test_nothing_may_follow_the_footer(path: Path) -> None:
    lines = lines_of(path)
    path.write_text(path.read_text() + json.dumps(lines[1]) + "\n", encoding="utf-8")
    assert "line 12: this line is after the footer" in refused(path)


def test_a_missing_file_a_folder_and_what_is_not_packed_are_named(
    path: Path, tmp_path: Path
) -> None:
    assert "cannot be read: No such file or directory" in refused(tmp_path / "absent.jsonl")
    assert "cannot be read: Is a directory" in refused(tmp_path)
    renamed = path.rename(tmp_path / "run.jsonl.gz")
    assert "cannot be read: Not a gzipped file" in refused(renamed)
