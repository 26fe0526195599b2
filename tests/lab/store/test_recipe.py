"""Where a recipe's snapshot is kept."""

from __future__ import annotations

import shutil

from pytest_kvmpmu.lab.lines import load
from pytest_kvmpmu.lab.store.cache import Cache
from pytest_kvmpmu.lab.store.recipe import Recipe

from ..conftest import BOARD, LINE


def test_each_core_has_snapshots_of_its_own(cache: Cache) -> None:
    (cache.root / "current").mkdir(parents=True)
    for name in (LINE, "user-space"):
        (cache.root / f"current/{name}.json").write_text('{"place": "x"}')
    program = shutil.which("sh")
    assert program is not None
    recipes = [
        Recipe(load(LINE), BOARD, program, cpu) for cpu in ("cortex-a57", "cortex-a76", "max")
    ]
    assert len({recipe.slot for recipe in recipes}) == 3
    assert len({recipe.place(cache) for recipe in recipes}) == 3
