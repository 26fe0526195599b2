"""Topology files: errors name file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import core_of, fitted

GOOD = """\
description = "a board"
cpus = 4

[[pmu]]
name = "little"
compatible = "arm,little-pmu"
type = 8
cpus = "0-1"
counters = 6

[[pmu]]
name = "big"
compatible = "arm,big-pmu"
type = 9
cpus = "2"
counters = 0
"""


def test_a_good_file_is_a_host(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text(GOOD)
    assert topology.load("board.toml", tmp_path) == Host(
        "board",
        (0, 1, 2, 3),
        (
            Pmu("little", 8, frozenset({0, 1}), 6, "arm,little-pmu", 1),
            Pmu("big", 9, frozenset({2}), 0, "arm,big-pmu", 1),
        ),
        "a board",
        uncovered_pmuver=1,
    )


def test_versions_and_modes_may_be_told(tmp_path: Path) -> None:
    more = "pmuver = 0\nprotected = true\nimpdef_traps = true\ngic = [3, 5]\n"
    (tmp_path / "board.toml").write_text(more + GOOD + "pmuver = 4\n")
    found = topology.load("board.toml", tmp_path)
    assert [pmu.pmuver for pmu in found.pmus] == [1, 4]
    assert (found.uncovered_pmuver, found.protected) == (0, True)
    assert (found.impdef_traps, found.gics) == (True, (3, 5))
    assert found.pmuver == 0


@pytest.mark.parametrize(
    ("text", "gics"),
    [("", (3,)), ("gic = 5\n", (5,)), ("gic = [5, 3]\n", (5, 3)), ("gic = []", ())],
)
def test_a_host_has_the_vgics_that_it_names(
    text: str, gics: tuple[int, ...], tmp_path: Path
) -> None:
    (tmp_path / "board.toml").write_text("cpus = 1\n" + text)
    assert topology.load("board.toml", tmp_path).gics == gics


@pytest.mark.parametrize(
    ("text", "usable", "little", "big"),
    [
        ('offline = "2-3"', (0, 1), ({0, 1}, set()), (set(), {2})),
        ('offline = "0"', (1, 2, 3), ({1}, {0}), ({2}, set())),
        ("maxcpus = 1", (0,), ({0}, {1}), (set(), {2})),
        ('maxcpus = 2\noffline = "1"', (0,), ({0}, {1}), (set(), {2})),
        ("maxcpus = 4", (0, 1, 2, 3), ({0, 1}, set()), ({2}, set())),
    ],
)
def test_cpus_that_are_offline_are_not_used(
    text: str,
    usable: tuple[int, ...],
    little: tuple[object, object],
    big: tuple[object, object],
    tmp_path: Path,
) -> None:
    (tmp_path / "board.toml").write_text(f"{text}\n{GOOD}")
    found = topology.load("board.toml", tmp_path)
    assert found.cpus == usable
    assert found.present == {0, 1, 2, 3}
    assert [(pmu.cpus, pmu.offline) for pmu in found.pmus] == [little, big]


def test_a_host_says_how_large_its_guests_may_be(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text("ipa_bits = 36\n" + GOOD)
    assert topology.load("board.toml", tmp_path).ipa_bits == 36


def test_the_lab_boots_the_boards_that_say_so() -> None:
    assert "rockpro64" in topology.lab_names()
    assert "gicv5" not in topology.lab_names()
    for name in topology.lab_names():
        host = topology.load(name)
        assert fitted(host, core_of(host)).name == name


def test_a_file_with_nothing_but_cpus_is_a_host_without_pmus(tmp_path: Path) -> None:
    (tmp_path / "bare.toml").write_text("cpus = 1\n")
    assert topology.load("bare.toml", tmp_path) == Host("bare", (0,), (), uncovered_pmuver=1)


def test_a_relative_path_starts_from_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bare.toml").write_text("cpus = 1\n")
    monkeypatch.chdir(tmp_path)
    assert topology.load("bare.toml").name == "bare"


@pytest.mark.parametrize("name", topology.names())
def test_each_topology_that_ships_loads(name: str) -> None:
    host = topology.load(name)
    assert host.name == name
    assert host.description
    assert host.cpus


def test_the_swapped_board_differs_in_probe_order_alone() -> None:
    plain, swapped = topology.load("rockpro64"), topology.load("rockpro64-swapped")
    assert plain.cpus == swapped.cpus
    assert [pmu.name for pmu in plain.pmus] == [pmu.name for pmu in reversed(swapped.pmus)]
    assert {pmu.name: pmu.cpus for pmu in plain.pmus} == {
        pmu.name: pmu.cpus for pmu in swapped.pmus
    }
    assert [pmu.type for pmu in plain.pmus] == [pmu.type for pmu in swapped.pmus] == [8, 9]


def test_an_unknown_name_gets_the_names_that_ship() -> None:
    with pytest.raises(UsageProblem, match=r"unknown topology 'rockpro'.*Did you mean 'rockpro64'"):
        topology.load("rockpro")


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UsageProblem, match=r"absent\.toml cannot be read: No such file"):
        topology.load("absent.toml")
