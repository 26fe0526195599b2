"""Entries are complete or absent; locks make runs wait; a full disk has one clear error."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import LabFailure
from pytest_kvmpmu.lab.store.cache import CACHE_VARIABLE, Cache, default_root, key_of

PLACE = "things/one"


def build(folder: Path) -> dict[str, Any]:
    (folder / "thing").write_bytes(b"content")
    return {"release": "6.12"}


def test_what_is_made_is_found(cache: Cache) -> None:
    made = cache.make(PLACE, build)
    assert cache.find(PLACE) == made
    assert made.about == {"release": "6.12"}
    assert made.whole("thing")


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda folder: (folder / "thing").write_bytes(b"cont"), id="cut off"),
        pytest.param(lambda folder: (folder / "thing").unlink(), id="file gone"),
        pytest.param(lambda folder: (folder / "entry.json").unlink(), id="no manifest"),
        pytest.param(lambda folder: (folder / "entry.json").write_text("{}"), id="empty manifest"),
        pytest.param(lambda folder: (folder / "entry.json").write_text('{"f'), id="half manifest"),
        pytest.param(lambda folder: (folder / "entry.json").write_text("[]"), id="odd manifest"),
    ],
)
def test_a_damaged_entry_is_not_found(cache: Cache, damage: Any) -> None:
    damage(cache.make(PLACE, build).folder)
    assert cache.find(PLACE) is None


def test_a_changed_byte_is_noticed_by_reading(cache: Cache) -> None:
    made = cache.make(PLACE, build)
    made.file("thing").write_bytes(b"Content")
    assert cache.find(PLACE) is not None
    assert not made.whole("thing")


def test_a_build_that_fails_leaves_nothing(cache: Cache) -> None:
    def interrupted(folder: Path) -> dict[str, Any]:
        build(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.make(PLACE, interrupted)
    assert list((cache.root / "things").iterdir()) == []


def test_what_a_killed_run_left_is_swept_by_the_next(cache: Cache) -> None:
    left = cache.root / "things/other.unfinished"
    left.mkdir(parents=True)
    cache.make(PLACE, build)
    assert not left.exists()


def test_an_entry_made_anew_is_not_dropped_for_the_faults_of_the_old(cache: Cache) -> None:
    old = cache.make(PLACE, build)
    new = cache.make(PLACE, build)
    cache.drop(old)
    assert cache.find(PLACE) == new
    cache.drop(new)
    assert cache.find(PLACE) is None


def test_only_the_newest_entries_are_kept(cache: Cache) -> None:
    for second, name in enumerate("abc"):
        entry = cache.make(f"things/{name}", build)
        os.utime(entry.folder, (second, second))
    cache.keep_newest("things", 2)
    assert sorted(path.name for path in (cache.root / "things").iterdir()) == ["b", "c"]


def test_a_note_is_read_back_and_rubbish_is_none(cache: Cache) -> None:
    cache.note("notes/a.json", {"place": "x"})
    assert cache.noted("notes/a.json") == {"place": "x"}
    (cache.root / "notes/a.json").write_text("{")
    assert cache.noted("notes/a.json") is None
    assert cache.noted("notes/b.json") is None


@contextlib.contextmanager
def another_run_holds(cache: Cache, name: str = "slot") -> Iterator[subprocess.Popen[bytes]]:
    """A process that has that lock until it ends."""
    script = (
        "import sys, filelock\n"
        "lock = filelock.FileLock(sys.argv[1])\n"
        "lock.acquire()\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    path = cache.root / f"locks/{name}.lock"
    path.parent.mkdir(parents=True)
    command = [sys.executable, "-c", script, str(path)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        yield child


def test_who_need_not_wait_for_a_lock_says_nothing(cache: Cache, said: list[str]) -> None:
    with cache.lock("slot", "6.12 on a board", said.append):
        assert said == []


def test_who_waits_for_a_lock_says_what_for(cache: Cache) -> None:
    with another_run_holds(cache) as child:
        said: list[str] = []

        def progress(text: str) -> None:
            said.append(text)
            assert child.stdin is not None
            child.stdin.close()

        with cache.lock("slot", "6.12 on a board", progress):
            assert said == ["waiting for another run that prepares 6.12 on a board"]


def test_a_lock_of_a_killed_process_is_free(cache: Cache, said: list[str]) -> None:
    with another_run_holds(cache) as child:
        child.kill()
        child.wait()
        with cache.lock("slot", "it", said.append):
            assert said == []


def test_too_little_space_names_the_folder_and_both_sizes(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=12_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(UsageProblem) as caught:
        cache.need(400, "the snapshot")
    assert str(cache.root) in caught.value.cause
    assert "the snapshot needs 400 MB, 12 MB are available" in caught.value.cause


@pytest.mark.parametrize(
    "failure",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        LabFailure("apt-get failed: write error, No space left on device"),
    ],
    ids=["our write", "quota", "a program's"],
)
def test_a_disk_that_fills_up_on_the_way_is_the_same_error(
    cache: Cache, failure: Exception
) -> None:
    def fill(folder: Path) -> dict[str, Any]:
        build(folder)
        raise failure

    with pytest.raises(UsageProblem, match="no space left for the lab"):
        cache.make(PLACE, fill)
    assert list((cache.root / "things").iterdir()) == []


def test_a_folder_that_cannot_be_made_is_the_users_to_mend(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageProblem, match="the lab cannot write to"):
        Cache(tmp_path / "file").note("a.json", {})


def test_the_environment_says_where_the_cache_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert default_root() == tmp_path
    monkeypatch.delenv(CACHE_VARIABLE)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_root() == tmp_path / "xdg/pytest-kvmpmu"


def test_a_key_depends_on_every_part() -> None:
    assert key_of(1, ["a"]) == key_of(1, ["a"])
    assert key_of(1, ["a"]) != key_of(1, ["b"])


def test_the_manifest_is_plain_json(cache: Cache) -> None:
    manifest = json.loads(cache.make(PLACE, build).file("entry.json").read_text())
    assert manifest["files"]["thing"]["size"] == 7
