"""``kvmpmu lab clean``: what goes and what stays."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kvmpmu.lab.store.cache import Cache

from .conftest import BASE, KERNEL, OLD_KERNEL, OLD_SNAPSHOT, SLOT, SNAPSHOT, lab


def there(cache: Cache) -> set[str]:
    """The places of the entries in the cache; ``current`` as a whole."""
    return {
        path.parent.relative_to(cache.root).as_posix() for path in cache.root.rglob("entry.json")
    } | {"current" for _ in (cache.root / "current").glob("*")}


CURRENT = {KERNEL, BASE, SNAPSHOT, "bytecode/now", "current"}


OLD = {OLD_KERNEL, OLD_SNAPSHOT, "bytecode/then"}


def test_clean_removes_what_nothing_would_use(
    filled: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    left = [filled.root / name for name in (f"scratch/{SLOT}/x", f"{SLOT}/x.unfinished", "debs/a")]
    for folder in left:
        folder.mkdir(parents=True)
    assert lab(filled, "clean") == 0
    assert there(filled) == CURRENT
    assert not any(folder.exists() for folder in left)
    assert f"removed: {OLD_SNAPSHOT}, 2 MB" in capsys.readouterr().out


def test_a_dry_run_only_tells(filled: Cache, capsys: pytest.CaptureFixture[str]) -> None:
    assert lab(filled, "clean", "--dry-run") == 0
    said = capsys.readouterr().out
    assert there(filled) == CURRENT | OLD
    assert {line.split()[2].rstrip(",") for line in said.splitlines()[:-1]} == OLD
    assert said.splitlines()[-1] == f"would remove 6 MB from {filled.root}"


def test_clean_all_leaves_only_locks(filled: Cache) -> None:
    assert lab(filled, "clean", "--all") == 0
    assert there(filled) == set()
    assert [path for path in filled.root.rglob("*") if path.is_file()] == list(
        (filled.root / "locks").iterdir()
    )


@contextlib.contextmanager
def held(cache: Cache, name: str) -> Iterator[None]:
    """Another process holds the lock."""
    script = (
        "import sys, filelock\n"
        "lock = filelock.FileLock(sys.argv[1])\n"
        "lock.acquire()\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    path = cache.root / f"locks/{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script, path], stdin=pipe, stdout=pipe) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"held\n"
        yield


@pytest.mark.parametrize(
    ("lock", "stays"),
    [
        (SLOT.replace("/", "-"), CURRENT | OLD),  # of a snapshot that is being made, and its parts
        ("snapshots-rc-new", (CURRENT | OLD) - {SNAPSHOT, OLD_SNAPSHOT}),  # not a file yet
        ("packages", (CURRENT | OLD) - {SNAPSHOT, OLD_SNAPSHOT}),
        ("bytecode", (CURRENT | OLD) - {SNAPSHOT, OLD_SNAPSHOT}),
    ],
)
def test_what_another_run_works_on_stays(
    filled: Cache, lock: str, stays: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with held(filled, lock):
        assert lab(filled, "clean", "--all") == 0
    assert there(filled) == stays
    assert "in use by another run, kept: kernels/now, 2 MB" in capsys.readouterr().out


def test_clean_follows_no_link_out_of_the_cache(filled: Cache, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    (outside / "entry").mkdir(parents=True)
    (filled.root / "debs").symlink_to(outside)
    (filled.root / SLOT / "link").symlink_to(outside / "entry")
    (filled.root / "snapshots/5.10-link").symlink_to(outside)
    lab(filled, "clean", "--all")
    assert (outside / "entry").is_dir()


def test_a_cache_that_can_not_be_written_is_a_usage_error(
    filled: Cache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("shutil.rmtree", refuse)
    assert lab(filled, "clean") == 4
    assert "the lab cannot write to" in capsys.readouterr().err
