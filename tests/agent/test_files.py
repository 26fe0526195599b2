"""The agent writes files; the device that provides them is faked here."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.agent import files
from pytest_kvmpmu.agent.fw_cfg import CannotRead

PIECES = [b"first-s", b"econd-third"]


@pytest.fixture
def bring(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``bring(pieces)``: set the pieces that the device gives."""

    class Device:
        pieces: list[bytes] = PIECES

        def __init__(self, *_: Any) -> None:
            pass

        def read(self, name: str) -> Iterator[memoryview]:
            assert name == files.NAME
            for piece in self.pieces:
                if not piece:
                    raise CannotRead("no device")
                yield memoryview(piece)

    monkeypatch.setattr(files, "Memory", object)
    monkeypatch.setattr(files, "Registers", object)
    monkeypatch.setattr(files, "FwCfg", Device)
    return lambda pieces: monkeypatch.setattr(Device, "pieces", pieces)


def request(folder: Path, *sizes: int, mode: int = 0o755) -> dict[str, Any]:
    wanted = [
        {"path": str(folder / "sub" / str(n)), "mode": mode, "size": size}
        for n, size in enumerate(sizes)
    ]
    return {"op": "take", "files": wanted, "crc32": zlib.crc32(b"".join(PIECES))}


def test_files_get_their_place_their_content_and_their_mode(bring: Any, tmp_path: Path) -> None:
    assert files.take(request(tmp_path, 6, 0, 12)) == {"ok": {}}
    made = [tmp_path / "sub" / str(n) for n in range(3)]
    assert [path.read_bytes() for path in made] == [b"first-", b"", b"second-third"]
    assert made[0].stat().st_mode & 0o777 == 0o755


def test_empty_files_need_no_device(tmp_path: Path) -> None:
    wanted = request(tmp_path, 0)
    assert files.take({**wanted, "crc32": 0}) == {"ok": {}}
    assert (tmp_path / "sub/0").read_bytes() == b""


@pytest.mark.parametrize(
    ("pieces", "why"),
    [
        ([b"first-second-thirT"], "they arrived damaged"),
        ([b"first"], "ends too early"),
        ([b""], "no device"),
    ],
    ids=["a changed byte", "too short", "no device"],
)
def test_what_comes_otherwise_than_told_is_refused(
    bring: Any, tmp_path: Path, pieces: list[bytes], why: str
) -> None:
    bring(pieces)
    assert why in files.take(request(tmp_path, 6, 12))["refused"]


def test_a_place_that_can_not_be_written_is_named(bring: Any, tmp_path: Path) -> None:
    (tmp_path / "sub").touch()
    refused = files.take(request(tmp_path, 18))["refused"]
    assert refused == f"{tmp_path}/sub/0: File exists"


def test_more_than_there_is_room_for_is_refused_before_anything_is_written(
    bring: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "meminfo"
    memory.write_text("MemTotal: 9 kB\nMemAvailable: 100000 kB\n")
    monkeypatch.setattr(files, "MEMORY", memory)
    refused = files.take(request(tmp_path, 90 << 20))["refused"]
    assert refused == "they have 94 MB, the lab VM has room for 77 MB"
    assert not (tmp_path / "sub").exists()


def test_a_kernel_that_does_not_tell_its_memory_is_no_crash(
    bring: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "meminfo").touch()
    monkeypatch.setattr(files, "MEMORY", tmp_path / "meminfo")
    assert "how much memory is available" in files.take(request(tmp_path, 1))["refused"]
