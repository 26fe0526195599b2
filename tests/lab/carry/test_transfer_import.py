"""Importing into a cache that is not empty, is in use, or has no space."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.carry import bundle, transfer
from pytest_kvmpmu.lab.store.cache import Cache

from ..conftest import LINE
from ..store.test_cache import another_run_holds
from .conftest import PLACES, put, take


def test_an_entry_that_is_there_whole_is_left_alone(file: Path, there: Cache) -> None:
    before = put(there, PLACES[LINE])
    take(file, there)
    now = there.find(PLACES[LINE])
    assert now is not None
    assert now.nonce == before.nonce


def test_an_entry_that_is_there_damaged_is_replaced(file: Path, there: Cache) -> None:
    before = put(there, PLACES[LINE])
    before.file("Image").write_bytes(b"C" + before.file("Image").read_bytes()[1:])
    take(file, there)
    now = there.find(PLACES[LINE])
    assert now is not None
    assert now.whole("Image")


def test_a_second_import_changes_nothing(file: Path, there: Cache) -> None:
    take(file, there)
    before = [there.find(place) for place in PLACES.values()]
    take(file, there)
    assert [there.find(place) for place in PLACES.values()] == before


def test_a_damaged_file_leaves_the_cache_as_it_was(file: Path, there: Cache) -> None:
    content = file.read_bytes()
    file.write_bytes(content[:-20])
    with pytest.raises(UsageProblem, match="truncated or damaged"):
        take(file, there)
    left = [path for path in there.root.rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert left == []


def test_an_import_waits_for_a_run_that_prepares_the_same(file: Path, there: Cache) -> None:
    with another_run_holds(there, "packages") as child:
        said: list[str] = []

        def progress(text: str) -> None:
            said.append(text)
            if text.startswith("waiting"):
                assert list(there.root.glob("kernels/*")) == []
                assert child.stdin is not None
                child.stdin.close()

        transfer.import_(file, cache_dir=there.root.parent, progress=progress)
    assert "waiting for another run that prepares packages" in said
    assert there.find(PLACES[LINE]) is not None


def test_two_imports_at_once_both_succeed(file: Path, there: Cache) -> None:
    script = (
        "import sys, pathlib\n"
        "from pytest_kvmpmu.lab.carry import transfer\n"
        "transfer.import_(pathlib.Path(sys.argv[1]), cache_dir=pathlib.Path(sys.argv[2]))\n"
    )
    command = [sys.executable, "-c", script, str(file), str(there.root.parent)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ended = [child.communicate()[1] for child in both]
    assert [child.returncode for child in both] == [0, 0], ended
    for place in PLACES.values():
        entry = there.find(place)
        assert entry is not None
        assert all(map(entry.whole, entry.sums))


def test_too_little_space_is_told_before_anything_is_unpacked(
    file: Path, there: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def need(self: Cache, megabytes: int, what: str) -> None:
        raise UsageProblem(f"{what} needs {megabytes} MB", "Free some")

    monkeypatch.setattr(Cache, "need", need)
    with pytest.raises(UsageProblem, match=r"importing lab\.tar\.gz needs 1 MB"):
        take(file, there)


def test_a_disk_that_fills_up_is_the_labs_own_error(
    file: Path, there: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bundle, "_copy", full)
    with pytest.raises(UsageProblem, match="no space left for the lab"):
        take(file, there)
    assert there.find(PLACES[LINE]) is None
    assert list(there.root.glob("scratch/*")) == []
