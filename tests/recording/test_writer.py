"""The file as it is written: whole or not at all."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pytest_kvmpmu.backends.header import header_of
from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.errors import BackendFailure, UsageProblem
from pytest_kvmpmu.recording.writer import Writer

from .samples import FIRST, HOST, record


def test_gz_is_the_lines_without_name_and_time(tmp_path: Path) -> None:
    packed = record(tmp_path / "run.jsonl.gz").read_bytes()
    assert packed[3:8] == b"\0\0\0\0\0"
    assert len(gzip.decompress(packed).splitlines()) == 11


def test_until_the_end_what_was_there_stays(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("mine")
    writer = Writer(path)
    writer.header = header_of(ModelBackend(HOST))
    writer.world(FIRST)
    assert path.read_text() == "mine"
    writer.discard()
    writer.discard()
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.jsonl"]
    assert path.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "why"), [("absent/run.jsonl", "No such file"), ("", "it is not a regular file")]
)
def test_a_place_that_cannot_be_written_to_is_found_at_once(
    name: str, why: str, tmp_path: Path
) -> None:
    place = tmp_path / "inside"
    place.mkdir()
    with pytest.raises(UsageProblem, match=f"cannot be written: .*{why}"):
        Writer(place / name)
    assert list(tmp_path.iterdir()) == [place]
    assert list(place.iterdir()) == []


class Full:
    """A file on a disk that is full."""

    def write(self, _: bytes) -> int:
        raise OSError(28, "No space left on device")

    def close(self) -> None:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_no_recording(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = Writer(tmp_path / "run.jsonl")
    monkeypatch.setattr(writer, "_out", Full())
    writer.header = header_of(ModelBackend(HOST))
    with pytest.raises(BackendFailure, match=r"recording .*run\.jsonl: No space left"):
        writer.world(FIRST)
    with pytest.raises(UsageProblem, match="cannot be written: No space left"):
        writer.finish()
    writer.discard()
    assert list(tmp_path.iterdir()) == []
