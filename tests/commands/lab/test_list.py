"""``kvmpmu lab list``: each line with its kernel and boards, and what the mirror has."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.lab import lines
from pytest_kvmpmu.lab.archive import mirror
from pytest_kvmpmu.lab.archive.mirror import Deb, SuiteMissing
from pytest_kvmpmu.lab.store import stock
from pytest_kvmpmu.lab.store.cache import Cache

from ...lab.store.conftest import SNAPSHOT, add, lab, row


def test_a_list_has_each_line_with_its_kernel_and_boards(
    filled: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lab(filled, "list") == 0
    said = capsys.readouterr().out
    assert row(said, "6.12") == ["6.12", "6.12.9", "2", "MB", "rockpro64", "(2", "MB)"]
    assert row(said, "5.10") == ["5.10", "not", "fetched", "-", "-"]
    assert "out of date: 1 snapshots, 2 MB; `kvmpmu lab clean` removes them" in said
    assert "`kvmpmu lab list --mirror` shows what the mirror offers now" in said


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
    assert row(said, "5.10")[3] == "none"
    assert "what the mirror offers now" not in said
