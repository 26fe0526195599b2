"""What is in the cache, told by ``kvmpmu lab list`` and given back by ``kvmpmu lab clean``."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu import commands
from pytest_kvmpmu.lab import lines
from pytest_kvmpmu.lab.archive import mirror
from pytest_kvmpmu.lab.archive.mirror import Deb, SuiteMissing
from pytest_kvmpmu.lab.store import recipe, stock
from pytest_kvmpmu.lab.store.cache import Cache

from ..conftest import Pretend

KERNEL, OLD_KERNEL, BASE = "kernels/now", "kernels/then", "user-space/now"
SLOT = "snapshots/6.12-0123abcd"
SNAPSHOT, OLD_SNAPSHOT = f"{SLOT}/now", f"{SLOT}/then"


@pytest.fixture
def filled(cache: Cache, pretend: Pretend) -> Cache:
    """A cache with what is current and what was: a kernel, user space, a snapshot."""
    pretend("qemu-system-aarch64", "exit 0")
    add(cache, KERNEL, release="6.12.9", packages=["linux-image-6.12.9-arm64 6.12.9-1"])
    add(cache, OLD_KERNEL, release="6.12.8")
    add(cache, BASE)
    add(cache, "bytecode/now")
    add(cache, "bytecode/then")
    cache.note("current/6.12.json", {"place": KERNEL})
    cache.note("current/user-space.json", {"place": BASE})
    program = str(Path(os.environ["PATH"].split(":")[0], "qemu-system-aarch64"))
    parts = recipe.perishable(KERNEL, BASE, program)
    about = {"release": "6.12.9", "line": "6.12", "board": "rockpro64"}
    add(cache, SNAPSHOT, **about, parts=parts)
    add(cache, OLD_SNAPSHOT, **about, parts={**parts, "agent": "another"})
    return cache


def add(cache: Cache, place: str, **about: Any) -> None:
    def build(folder: Path) -> dict[str, Any]:
        (folder / "content").write_bytes(bytes(2_000_000))
        return about

    cache.make(place, build)


def lab(cache: Cache, *arguments: str) -> int:
    action, *more = arguments
    return commands.main(["lab", action, "--cache-dir", str(cache.root.parent), *more])


def row(text: str, line: str) -> list[str]:
    (found,) = [each for each in text.splitlines() if each.startswith(f"{line} ")]
    return found.split()


def test_a_list_has_each_line_with_its_kernel_and_boards(
    filled: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lab(filled, "list") == 0
    said = capsys.readouterr().out
    assert row(said, "6.12") == ["6.12", "6.12.9", "2", "MB", "rockpro64", "(2", "MB)"]
    assert row(said, "5.10") == ["5.10", "not", "fetched", "-", "-"]
    assert "out of date: 1 snapshots, 2 MB; `kvmpmu lab clean` removes them" in said
    assert "what the mirror has now: `kvmpmu lab list --mirror`" in said


def test_a_list_tells_boards_with_other_cores_apart(
    filled: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    same = filled.find(SNAPSHOT)
    assert same is not None
    add(filled, "snapshots/6.12-cafe/now", **same.about, cpu="max")
    assert lab(filled, "list") == 0
    assert "rockpro64 (2 MB), rockpro64 with max (2 MB)" in capsys.readouterr().out


def test_an_empty_cache_has_nothing_and_stays_absent(
    cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lab(cache, "list") == 0
    assert row(capsys.readouterr().out, "6.12") == ["6.12", "not", "fetched", "-", "-"]
    assert lab(cache, "clean", "--all") == 0
    assert capsys.readouterr().out.startswith("removed 0 kB")
    assert not cache.root.exists()


def test_snapshots_of_ones_own_image_and_of_older_versions_are_listed(
    filled: Cache, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    image = tmp_path / "Image"
    image.touch()
    program = str(Path(os.environ["PATH"].split(":")[0], "qemu-system-aarch64"))
    parts = recipe.perishable(recipe.own_place(image), BASE, program)
    about = {"release": "6.18.0-mine", "line": str(image), "board": "mine", "parts": parts}
    add(filled, "snapshots/Image-01234567/a", **about)
    add(filled, "snapshots/5.10-01234567/a", release="5.10.1")
    add(filled, "snapshots/4.4-01234567/a", release="4.4.1", line="4.4", parts={"qemu": ["x"]})
    lab(filled, "list")
    said = capsys.readouterr().out
    assert row(said, str(image))[1:] == ["6.18.0-mine", "-", "mine", "(2", "MB)"]
    assert row(said, "5.10")[-1] == "-"
    assert "out of date: 3 snapshots" in said


def test_without_qemu_a_snapshot_still_counts(
    filled: Cache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    lab(filled, "list")
    assert row(capsys.readouterr().out, "6.12")[4] == "rockpro64"


def test_another_qemu_makes_a_snapshot_old(
    filled: Cache, capsys: pytest.CaptureFixture[str], pretend: Pretend
) -> None:
    pretend("qemu-system-aarch64", "exit 0 # another")
    lab(filled, "list")
    assert "out of date: 2 snapshots" in capsys.readouterr().out


def test_the_mirror_is_asked_when_that_is_wanted(
    filled: Cache, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Suite:
        def __init__(self, name: str) -> None:
            self.name = name

        def update(self, _: Any) -> None:
            if self.name == "bullseye":
                raise SuiteMissing

    def kernel(suite: Suite, line: lines.Line) -> Deb:
        version = "6.12.9-1" if line.name == "6.12" else "9.9-1"
        return Deb(f"linux-image-{version[:-2]}-arm64", version, "file", 1, "")

    monkeypatch.setattr(stock, "host_mirror", lambda: mirror.Mirror("http://m.invalid", "k"))
    monkeypatch.setattr(stock.Stock, "_open", lambda _, name: Suite(name))
    monkeypatch.setattr("pytest_kvmpmu.lab.archive.packages.kernel", kernel)
    assert lab(filled, "list", "--mirror") == 0
    said = capsys.readouterr().out
    assert row(said, "6.12")[2:4] == ["the", "same"]
    assert row(said, "6.1")[3] == "9.9-1"
    assert row(said, "5.10")[3:5] == ["has", "none"]
    assert "what the mirror has now" not in said


def there(cache: Cache) -> set[str]:
    """The places of what is in the cache; ``current`` as a whole."""
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
    """Another process has that lock."""
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
    assert "in use by another run, left: kernels/now, 2 MB" in capsys.readouterr().out


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


def test_a_snapshot_notes_what_it_is_made_of(filled: Cache) -> None:
    about = json.loads((filled.root / SNAPSHOT / "entry.json").read_text())["about"]
    assert set(about["parts"]) == {"kernel", "user space", "agent", "device tree", "qemu"}
