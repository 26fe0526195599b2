"""Labs that can't be exported."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import LabFailure
from pytest_kvmpmu.lab.carry import transfer
from pytest_kvmpmu.lab.store.cache import Cache

from ..conftest import BOARD, LINE
from .conftest import PLACES, put


def test_nothing_prepared_is_nothing_to_export(there: Cache, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=f"no line is prepared in .*: {LINE}"):
        transfer.export(tmp_path / "x", [], BOARD, cache_dir=there.root.parent)


def test_a_kernel_of_ones_own_is_a_file_already(here: Cache, tmp_path: Path) -> None:
    image = tmp_path / "Image"
    image.touch()
    with pytest.raises(UsageProblem, match="is a kernel of your own, which is already a file"):
        transfer.export(tmp_path / "x", [str(image)], BOARD, cache_dir=here.root.parent)


def test_a_line_that_does_not_answer_is_not_exported(
    here: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: Any, **__: Any) -> None:
        raise LabFailure("the lab VM died")

    monkeypatch.setattr(transfer, "start", start)
    with pytest.raises(LabFailure, match="died"):
        transfer.export(tmp_path / "x", [], BOARD, cache_dir=here.root.parent)
    assert not (tmp_path / "x").exists()


def test_a_damaged_entry_is_not_exported(here: Cache, started: list[str], tmp_path: Path) -> None:
    entry = here.find(PLACES[LINE])
    assert entry is not None
    content = entry.file("Image").read_bytes()
    entry.file("Image").write_bytes(b"C" + content[1:])
    with pytest.raises(UsageProblem, match=r"Image is damaged\. Remove .*00aa"):
        transfer.export(tmp_path / "x", [], BOARD, cache_dir=here.root.parent)
    assert not (tmp_path / "x").exists()


def test_an_entry_that_another_run_replaces_meanwhile_is_not_exported(
    here: Cache, started: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextlib.contextmanager
    def late(cache: Cache, progress: Any) -> Iterator[None]:
        put(cache, PLACES[LINE])
        yield

    monkeypatch.setattr(transfer, "_locked", late)
    with pytest.raises(
        LabFailure, match=r"another run changed .*00aa during the export; try again"
    ):
        transfer.export(tmp_path / "x", [], BOARD, cache_dir=here.root.parent)
    assert not (tmp_path / "x").exists()
