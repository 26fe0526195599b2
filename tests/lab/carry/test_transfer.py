"""A prepared lab exported from one cache and imported into another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_kvmpmu.lab import lines, start
from pytest_kvmpmu.lab.carry import transfer
from pytest_kvmpmu.lab.store import stock
from pytest_kvmpmu.lab.store.cache import Cache
from pytest_kvmpmu.lab.store.stock import Stock

from ..conftest import BOARD, LINE, share
from .conftest import BYTECODE, OTHER, PLACES, take


def test_all_that_is_prepared_comes_over(
    file: Path, here: Cache, there: Cache, started: list[str], said: list[str]
) -> None:
    assert started == [f"{LINE} on pair", f"{OTHER} on pair"]
    assert take(file, there, said) == [LINE, OTHER]
    for place in (*PLACES.values(), BYTECODE):
        mine, theirs = there.find(place), here.find(place)
        assert mine is not None
        assert theirs is not None
        assert (mine.about, mine.sums) == (theirs.about, theirs.sums)
    assert list(there.root.glob("scratch/*")) == []
    assert said[-1] == (
        f"imported the lines {LINE} (release of aa), {OTHER} (release of bb) and the user space"
    )


def test_what_was_imported_is_current_without_a_mirror(
    file: Path, there: Cache, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    take(file, there)
    monkeypatch.setenv("PATH", str(tmp_path))
    kept = Stock(there, lambda _: None)
    assert kept.kernel(lines.load(LINE)).about["release"] == "release of aa"
    assert kept.userspace().file(stock.BASE).read_bytes().startswith(b"content")


def test_one_line_can_be_chosen(
    here: Cache, there: Cache, started: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "one.tar.gz"
    transfer.export(path, [OTHER, OTHER], BOARD, cache_dir=here.root.parent)
    assert started == [f"{OTHER} on pair"]
    assert take(path, there) == [OTHER]
    assert there.find(PLACES[LINE]) is None


def test_lines_that_share_a_kernel_carry_it_once(
    here: Cache, there: Cache, started: list[str], tmp_path: Path
) -> None:
    also = stock.also_keys()[OTHER]
    here.note(f"current/{OTHER}.json", {"place": PLACES[LINE], "also": also})
    path = tmp_path / "shared.tar.gz"
    transfer.export(path, [LINE, OTHER], BOARD, cache_dir=here.root.parent)
    assert take(path, there) == [LINE, OTHER]


def test_a_lab_without_bytecode_comes_over_without(
    here: Cache, there: Cache, started: list[str], tmp_path: Path
) -> None:
    compiled = here.find(BYTECODE)
    assert compiled is not None
    here.drop(compiled)
    transfer.export(tmp_path / "x", [LINE], BOARD, cache_dir=here.root.parent)
    assert take(tmp_path / "x", there) == [LINE]
    assert there.find(BYTECODE) is None


@pytest.mark.lab
def test_a_lab_that_was_carried_over_runs_without_apt_and_dpkg(
    stocked: Cache,
    there: Cache,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    host_with: Callable[..., Path],
    said: list[str],
) -> None:
    root = share(stocked, tmp_path / "from")
    path = tmp_path / "lab.tar.gz"
    transfer.export(path, [LINE], BOARD, cache_dir=root, progress=said.append)
    monkeypatch.setenv("PATH", str(host_with("qemu-system-aarch64", "setpriv", "sh")))
    said.clear()
    take(path, there, said)
    with start(LINE, BOARD, cache_dir=there.root.parent, progress=said.append) as vm:
        assert vm.kernel_release.startswith(f"{LINE}.")
    assert any(text.startswith("booting ") for text in said)
    assert not any("compile" in text or "package" in text for text in said)
    with start(LINE, BOARD, cache_dir=there.root.parent) as vm:
        assert vm.was_warm
