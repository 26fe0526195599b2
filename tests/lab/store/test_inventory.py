"""Which snapshots of the cache are current, as ``kvmpmu lab list`` shows them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pytest_kvmpmu.lab.store import recipe
from pytest_kvmpmu.lab.store.cache import Cache

from ..conftest import Pretend
from .conftest import BASE, SNAPSHOT, add, lab, row


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


def test_a_snapshot_notes_what_it_is_made_of(filled: Cache) -> None:
    about = json.loads((filled.root / SNAPSHOT / "entry.json").read_text())["about"]
    assert set(about["parts"]) == {"kernel", "user space", "agent", "device tree", "qemu"}
