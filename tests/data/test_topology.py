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


def problem(folder: Path, text: str | bytes) -> str:
    """The error of `topology.load` for a file ``board.toml`` with that content."""
    path = folder / "board.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageProblem) as caught:
        topology.load(str(path))
    assert str(path) in caught.value.cause
    assert caught.value.remedy
    return str(caught.value)


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
    ("text", "says"),
    [
        ("gic = 4", "line 2, key gic: 4 is not a vGIC's version. Known: 2, 3, 5"),
        ("gic = [3, true]", "line 2, key gic: True is not a vGIC's version"),
        ("gic = [3, 3]", "line 2, key gic: [3, 3] names one twice"),
        ('gic = "3"', "'3' is of the wrong type. Give a whole number or an array of them"),
        ("lab = 1", "key lab: 1 is of the wrong type. Give true or false"),
    ],
)
def test_a_bad_vgic_is_refused_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text(f"cpus = 1\n{text}\n")
    with pytest.raises(UsageProblem) as caught:
        topology.load("board.toml", tmp_path)
    assert says in str(caught.value)


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


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('offline = "0-3"', "line 1, key offline: it names all CPUs. Leave one CPU online"),
        ('offline = "4"', "line 1, key offline: there is no CPU 4. The CPUs are 0 to 3"),
        ('offline = "a"', "line 1, key offline: 'a' is not a list of CPUs"),
        ("maxcpus = 0", "line 1, key maxcpus: 0 CPUs. Give 1 to 4"),
        ("maxcpus = 5", "line 1, key maxcpus: 5 CPUs. Give 1 to 4"),
        ("ipa_bits = 31", "line 1, key ipa_bits: 31 bits. Give 32 to 52"),
        ("ipa_bits = 53", "line 1, key ipa_bits: 53 bits. Give 32 to 52"),
    ],
)
def test_a_bad_value_is_refused_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    assert says in problem(tmp_path, f"{text}\n{GOOD}")


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


def test_a_file_that_is_not_utf8_is_no_topology(tmp_path: Path) -> None:
    assert "cannot be read" in problem(tmp_path, b'description = "\xff"\n')


def test_a_syntax_error_is_told_with_its_line(tmp_path: Path) -> None:
    said = problem(tmp_path, "cpus = 4\ncpus == 5\n")
    assert "is not TOML" in said
    assert "line 2" in said


def change(old: str, new: str) -> str:
    assert GOOD.count(old) >= 1
    return GOOD.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "line", "key", "says"),
    [
        (change("cpus = 4", "cpus = 4\ncores = 4"), 3, "cores", "unknown key 'cores'"),
        (change("cpus = 4", "cpus = 4\npmus = 1"), 3, "pmus", "Did you mean 'pmu'"),
        (change("type = 9", "type = 9\ntipe = 9"), 15, "pmu[1].tipe", "Did you mean 'type'"),
        (change("cpus = 4", 'cpus = "4"'), 2, "cpus", "'4' is of the wrong type. Give a whole"),
        (change("cpus = 4", "cpus = true"), 2, "cpus", "True is of the wrong type"),
        (change("cpus = 4", "cpus = 0"), 2, "cpus", "0 CPUs. Give 1 to 512"),
        (change("cpus = 4", "cpus = 513"), 2, "cpus", "513 CPUs. Give 1 to 512"),
        (change('"a board"', "3"), 1, "description", "3 is of the wrong type. Give a string"),
        (change('name = "little"', "name = 3"), 5, "pmu[0].name", "3 is of the wrong type"),
        (change("type = 8", 'type = "8"'), 7, "pmu[0].type", "'8' is of the wrong type"),
        (change('cpus = "0-1"', "cpus = 1"), 8, "pmu[0].cpus", "1 is of the wrong type"),
        (change("counters = 6", "counters = 6.0"), 9, "pmu[0].counters", "6.0 is of the wrong"),
        (change('cpus = "0-1"', 'cpus = "0-x"'), 8, "pmu[0].cpus", "'0-x' is not a CPU list"),
        (change('cpus = "0-1"', 'cpus = "1-0"'), 8, "pmu[0].cpus", "'1-0' is not a CPU list"),
        (change('cpus = "0-1"', 'cpus = ""'), 8, "pmu[0].cpus", "covers no CPU"),
        (change('cpus = "2"', 'cpus = "2-4"'), 15, "pmu[1].cpus", "CPU 4 is out of range. CPUs"),
        (change('cpus = "2"', 'cpus = "1-2"'), 15, "pmu[1].cpus", "CPU 1 is already covered by"),
        (change("type = 8", "type = 5"), 7, "pmu[0].type", "one of perf's fixed types. Give 6"),
        (change("type = 8", "type = -1"), 7, "pmu[0].type", "one of perf's fixed types"),
        (change("counters = 6", "counters = 32"), 9, "pmu[0].counters", "32 counters. Give 0 to"),
        (change("counters = 6", "counters = -1"), 9, "pmu[0].counters", "-1 counters"),
        (change("type = 9", "type = 8"), 14, "pmu[1].type", "8 is already little's"),
        (change('"big"', '"little"'), 12, "pmu[1].name", "'little' is already little's"),
        (change("big-pmu", "little-pmu"), 13, "pmu[1].compatible", "is already little's"),
        (change("type = 9\n", ""), 11, "pmu[1]", "no key type. A [[pmu]] table has the keys"),
        (change('name = "little"\n', ""), 4, "pmu[0]", "no key name"),
        ('cpus = 1\n"pmu" = [3]\n', 2, "pmu", "3 is not a table. Write [[pmu]] tables"),
        ("cpus = 1\npmu = 3\n", 2, "pmu", "3 is of the wrong type. Give an array of [[pmu]]"),
        ("cpus = 1\n[pmu]\ntype = 8\n", 2, "pmu", "is of the wrong type"),
    ],
)
def test_what_is_wrong_is_said_with_file_line_and_key(
    tmp_path: Path, text: str, line: int, key: str, says: str
) -> None:
    said = problem(tmp_path, text)
    assert f"board.toml, line {line}, key {key}: " in said
    assert says in said
    assert said.count("\n") == 0


def test_a_file_without_cpus_is_told_what_to_write(tmp_path: Path) -> None:
    said = problem(tmp_path, 'description = "nothing"\n')
    assert "has no key cpus" in said
    assert "cpus = 6" in said


def test_a_key_that_stands_where_no_line_shows_it_is_named_all_the_same(tmp_path: Path) -> None:
    said = problem(tmp_path, "cpus = 1\npmu = [{name = 3}]\n")
    assert "board.toml" in said
    assert "pmu[0].name" in said
    assert "3 is of the wrong type" in said
