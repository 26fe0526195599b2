"""Files that another version wrote, or that lack something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import lines
from pytest_kvmpmu.lab.carry import bundle, transfer
from pytest_kvmpmu.lab.store import recipe, stock
from pytest_kvmpmu.lab.store.cache import Cache
from pytest_kvmpmu.lab.store.stock import Stock

from ..conftest import LINE
from .conftest import PLACES, take


def exported(here: Cache, path: Path, **change: Any) -> Path:
    """A bundle of the user space and one line whose manifest says something else."""
    kept = Stock(here, lambda _: None)
    entries = {LINE: kept.kernel(lines.load(LINE)), recipe.USERSPACE: kept.userspace()}
    found = transfer._bundle(here, entries, lambda _: None)
    made = bundle.Bundle(
        change.get("current", found.current), change.get("parts", found.parts), "0.0.9"
    )
    bundle.write(path, made, here.root, lambda _: None)
    return path


def test_another_user_space_than_this_version_makes_is_refused(
    here: Cache, there: Cache, tmp_path: Path
) -> None:
    current = {
        LINE: {"place": PLACES[LINE], "also": stock.also_keys()[LINE]},
        recipe.USERSPACE: {"place": PLACES[recipe.USERSPACE], "also": "older"},
    }
    path = exported(here, tmp_path / "x", current=current)
    with pytest.raises(UsageProblem) as caught:
        take(path, there)
    assert "made for another user space" in caught.value.cause
    assert "Use pytest-kvmpmu 0.0.9 here" in caught.value.remedy
    assert there.find(PLACES[LINE]) is None


def test_a_line_that_this_version_does_not_know_is_refused(
    here: Cache, there: Cache, tmp_path: Path
) -> None:
    path = exported(here, tmp_path / "x", current={"9.9": {"place": PLACES[LINE], "also": "x"}})
    with pytest.raises(UsageProblem, match=r"has '9\.9', a kernel line that pytest-kvmpmu"):
        take(path, there)


def keyed(**places: str) -> dict[str, dict[str, str]]:
    keys = stock.also_keys()
    names = {"line": LINE, "space": recipe.USERSPACE}
    return {names[n]: {"place": place, "also": keys[names[n]]} for n, place in places.items()}


@pytest.mark.parametrize(
    "current",
    [
        {},
        keyed(line=PLACES[LINE]),
        keyed(space=PLACES[recipe.USERSPACE]),
        keyed(line=PLACES[recipe.USERSPACE], space=PLACES[recipe.USERSPACE]),
    ],
    ids=["nothing", "no user space", "no kernel", "a user space for a kernel"],
)
def test_half_a_lab_is_refused(here: Cache, there: Cache, tmp_path: Path, current: Any) -> None:
    path = exported(here, tmp_path / "x", current=current)
    with pytest.raises(UsageProblem, match="is not a complete lab"):
        take(path, there)


def test_entries_of_other_files_are_refused(here: Cache, there: Cache, tmp_path: Path) -> None:
    def build(folder: Path) -> dict[str, Any]:
        (folder / "Image").touch()
        (folder / "more").touch()
        return {"release": "x"}

    here.make(PLACES[LINE], build)
    path = exported(here, tmp_path / "x")
    with pytest.raises(UsageProblem, match="is not a complete lab"):
        take(path, there)
