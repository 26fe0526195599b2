"""Boards from a folder of small device trees."""

from __future__ import annotations

from pathlib import Path

from tests.data import trees

from .boards import find, specs, table


def folder_of(place: Path, **given: trees.Tree) -> Path:
    for name, tree in given.items():
        file = place / "maker" / f"{name}.dtb"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(trees.dtb(tree))
    return place


ONE_PMU = {**trees.root(), **trees.cpus(2), "pmu": {"compatible": "arm,cortex-a53-pmu"}}
SHARED = {**ONE_PMU, "pmu-2": {"compatible": "arm,cortex-a72-pmu"}}


def test_boards_that_are_the_same_host_are_one(tmp_path: Path) -> None:
    other = {**trees.JUNO, "model": "Juno again"}
    folder = folder_of(
        tmp_path, b=trees.JUNO, a=other, c=trees.RK3399, d=ONE_PMU, e=SHARED, f=trees.root()
    )
    found = find(folder)
    assert found.trees == 6
    assert list(table(found.boards))[2:] == [
        "| 6 | armv8_cortex_a57 on 1-2, armv8_cortex_a53 on 0,3-5 | GICv2 | 2 | maker/a.dtb |",
        "| 6 | armv8_cortex_a53 on 0-3, armv8_cortex_a72 on 4-5 | GICv3, GICv2 | 1 | maker/c.dtb |",
    ]
    (cause,) = found.refused
    assert cause == "the PMUs pmu and pmu-2 of maker/e.dtb both cover CPU 0"


def test_the_specs_run_on_a_board(tmp_path: Path) -> None:
    (board,) = find(folder_of(tmp_path, juno=trees.JUNO)).boards
    good, counts = specs(board, "no-such-kernel", tmp_path)
    assert not good
    assert "status 4" in counts
    assert "no-such-kernel" in counts
