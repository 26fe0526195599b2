"""Where a recipe's snapshot is kept, and what makes it another one."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_kvmpmu.data.topology import load as topology
from pytest_kvmpmu.lab import cpus
from pytest_kvmpmu.lab.initramfs import agent_files
from pytest_kvmpmu.lab.lines import load
from pytest_kvmpmu.lab.store import recipe
from pytest_kvmpmu.lab.store.cache import Cache
from pytest_kvmpmu.lab.store.recipe import Recipe

from ..conftest import BOARD, LINE

KERNEL, BASE = "kernels/x", "user-space/x"


@pytest.fixture
def qemu(tmp_path: Path) -> Path:
    path = tmp_path / "qemu"
    path.write_text("program")
    return path


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


def test_boards_that_qemu_emulates_alike_share_a_snapshot(qemu: Path) -> None:
    of = {
        name: Recipe(load(LINE), topology(name), str(qemu), cpus.DEFAULT).place_of(KERNEL, BASE)
        for name in ("rockpro64", "rockpro64-swapped", "one-pmu")
    }
    assert of["one-pmu"] != of["rockpro64"]
    renamed = replace(topology("one-pmu"), name="another name")
    assert of["one-pmu"] == Recipe(load(LINE), renamed, str(qemu), cpus.DEFAULT).place_of(
        KERNEL, BASE
    )


def test_another_part_makes_another_snapshot(qemu: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = Recipe(load(LINE), BOARD, str(qemu), cpus.DEFAULT)
    places = [one.place_of(KERNEL, BASE), one.place_of("kernels/y", BASE)]
    places.append(one.place_of(KERNEL, "user-space/y"))
    qemu.write_text("a newer program")
    places.append(one.place_of(KERNEL, BASE))
    monkeypatch.setattr(agent_files, "sources_hash", lambda: "another")
    places.append(one.place_of(KERNEL, BASE))
    assert len(set(places)) == 5
    assert {place.rpartition("/")[0] for place in places} == {one.slot}


def test_a_line_that_was_never_fetched_has_no_place(cache: Cache, qemu: Path) -> None:
    one = Recipe(load(LINE), BOARD, str(qemu), cpus.DEFAULT)
    assert one.place(cache) is None
    cache.note(f"current/{LINE}.json", {"place": KERNEL})
    assert one.place(cache) is None
    cache.note("current/user-space.json", {"place": BASE})
    assert one.place(cache) == one.place_of(KERNEL, BASE)
    cache.note(f"current/{LINE}.json", {"place": 3})
    assert one.place(cache) is None


def test_an_own_image_is_another_kernel_once_the_file_is_another(tmp_path: Path) -> None:
    image = tmp_path / "Image"
    image.write_bytes(b"one")
    before = recipe.own_place(image)
    assert before == recipe.own_place(image)
    image.write_bytes(b"another")
    assert recipe.own_place(image) != before
    after = recipe.own_place(image)
    os.utime(image, (1, 1))
    assert recipe.own_place(image) != after


def test_a_recipe_says_its_core_where_it_is_not_the_usual_one(qemu: Path) -> None:
    assert Recipe(load(LINE), BOARD, str(qemu), cpus.DEFAULT).what == f"{LINE} on pair"
    assert Recipe(load(LINE), BOARD, str(qemu), "max").what == f"{LINE} on pair, a max"


def test_each_kind_of_board_has_snapshots_of_its_own(qemu: Path) -> None:
    off = replace(BOARD, cpus=(0,), offline=frozenset({1}))
    kinds = [
        BOARD,
        replace(BOARD, gics=(2,)),
        replace(BOARD, protected=True),
        replace(BOARD, protected=True, gics=()),
        replace(BOARD, nested=True),
        off,
        replace(off, maxcpus=1),
    ]
    recipes = [Recipe(load(LINE), host, str(qemu), "max") for host in kinds]
    assert len({one.slot for one in recipes}) == len(kinds)
    assert len({one.place_of(KERNEL, BASE) for one in recipes}) == len(kinds)
