"""Shared by the lab's tests: small boards, fake programs, a prepared cache."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.lab import cpus, lines, start
from pytest_kvmpmu.lab.archive import choose, release
from pytest_kvmpmu.lab.store.cache import Cache
from pytest_kvmpmu.lab.store.recipe import Recipe
from pytest_kvmpmu.lab.vm import qemu

from .debian import Archive, Key, end_agent, make_key
from .web import Web

A53 = Pmu("armv8_cortex_a53", 8, frozenset({0}), 6, "arm,cortex-a53-pmu")
A72 = Pmu("armv8_cortex_a72", 9, frozenset({1}), 6, "arm,cortex-a72-pmu")
# Two CPUs boot faster than six.
BOARD = Host("pair", (0, 1), (A53, A72))
# The same as a topology file.
BOARD_TOML = """
cpus = 2
[[pmu]]
name = "armv8_cortex_a53"
compatible = "arm,cortex-a53-pmu"
type = 8
cpus = "0"
counters = 6
[[pmu]]
name = "armv8_cortex_a72"
compatible = "arm,cortex-a72-pmu"
type = 9
cpus = "1"
counters = 6
"""
# The oldest kernel is the smallest.
LINE = lines.names()[0]

Pretend = Callable[[str, str], Path]


@pytest.fixture
def said() -> list[str]:
    """Collects the progress lines."""
    return []


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def pretend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pretend:
    """Puts a shell script on PATH in place of a program: ``pretend(name, script)``."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def place(name: str, script: str) -> Path:
        path = folder / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return place


@pytest.fixture(scope="session")
def stocked() -> Cache:
    """The user's own cache, with kernel, user space and bytecode in it."""
    cache = Cache()
    start(LINE, BOARD, cache_dir=cache.root.parent).close()
    return cache


def share(stocked: Cache, root: Path) -> Path:
    """Give the cache folder ``root`` the kernels and user space of ``stocked``."""
    mine = Cache(root)
    mine.root.mkdir(parents=True)
    for name in ("bytecode", "current", "kernels", "user-space"):
        (mine.root / name).symlink_to(stocked.root / name)
    return root


@pytest.fixture
def cold(stocked: Cache, tmp_path: Path) -> Path:
    """A cache folder with kernels and user space, without snapshots."""
    return share(stocked, tmp_path / "cold")


@pytest.fixture
def warm(stocked: Cache, cold: Path) -> Path:
    """As `cold`, with a copy of the user's snapshot of `LINE` on `BOARD`."""
    return add_snapshot(stocked, cold)


def add_snapshot(stocked: Cache, root: Path) -> Path:
    """Copy the snapshot of `LINE` on `BOARD` to the cache folder ``root``, a boot less."""
    place = Recipe(lines.load(LINE), BOARD, qemu.find(), cpus.DEFAULT).place(stocked)
    assert place is not None
    shutil.copytree(stocked.root / place, Cache(root).root / place)
    return root


@pytest.fixture(scope="session")
def keys() -> Iterator[tuple[Key, Key]]:
    """The archive's key, and another one."""
    if shutil.which("gpg") is None:
        pytest.skip("needs gpg to sign an archive")
    with tempfile.TemporaryDirectory(prefix="kvmpmu-") as folder:
        made = [make_key(Path(folder, name), name) for name in ("archive", "stranger")]
        yield made[0], made[1]
        for key in made:
            end_agent(key.home)


@pytest.fixture
def archive(keys: tuple[Key, Key], tmp_path: Path) -> Archive:
    """An empty archive with the suite ``stable``."""
    (tmp_path / "archive").mkdir(exist_ok=True)
    return Archive(tmp_path / "archive", keys[0])


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """A server of the folder that `archive` fills."""
    folder = tmp_path / "archive"
    folder.mkdir(exist_ok=True)
    web = Web(folder)
    yield web
    web.end()


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """No apt, and no setting about expired files."""
    if shutil.which("gpgv") is None:
        pytest.skip("needs gpgv")
    monkeypatch.setenv(choose.FETCH_VARIABLE, "plain")
    monkeypatch.delenv(release.CHECK_VARIABLE, raising=False)


@pytest.fixture
def host_with(tmp_path: Path) -> Callable[..., Path]:
    """A folder for PATH that has only the named programs."""

    def place(*programs: str) -> Path:
        folder = tmp_path / "only"
        folder.mkdir()
        for program in programs:
            found = shutil.which(program)
            assert found is not None
            (folder / program).symlink_to(found)
        return folder

    return place
