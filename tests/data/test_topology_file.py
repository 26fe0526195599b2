"""What is wrong in a topology file is said with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.errors import UsageProblem

from .test_topology import GOOD


def problem(folder: Path, text: str | bytes) -> str:
    """The error of `topology.load` for a file ``board.toml`` with that content."""
    path = folder / "board.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageProblem) as caught:
        topology.load(str(path))
    assert str(path) in caught.value.cause
    assert caught.value.remedy
    return str(caught.value)


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
    assert says in problem(tmp_path, f"cpus = 1\n{text}\n")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('offline = "0-3"', "line 1, key offline: it names all CPUs. Leave one CPU online"),
        ('offline = "4"', "line 1, key offline: CPU 4 does not exist. The CPUs are 0 to 3"),
        ('offline = "a"', "line 1, key offline: 'a' is not a list of CPUs"),
        ("maxcpus = 0", "line 1, key maxcpus: 0 CPUs. Give 1 to 4"),
        ("maxcpus = 5", "line 1, key maxcpus: 5 CPUs. Give 1 to 4"),
        ("ipa_bits = 31", "line 1, key ipa_bits: 31 bits. Give 32 to 52"),
        ("ipa_bits = 53", "line 1, key ipa_bits: 53 bits. Give 32 to 52"),
    ],
)
def test_a_bad_value_is_refused_with_its_line(text: str, says: str, tmp_path: Path) -> None:
    assert says in problem(tmp_path, f"{text}\n{GOOD}")


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
        ('cpus = 1\n"pmu" = [3]\n', 2, "pmu[0]", "3 is not a table. Write [[pmu]] tables"),
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


INLINE = """\
# pmu = [ { name = "no", cpus = "0-1" } ]
description = "pmu = [ { cpus = 1 } ]"
cpus = 6
pmu = [ # { one
  { name = "a}", type = 8, cpus = "0-1", counters = 6 }, # { name = "no" }
  # { name = "no", type = 8 },
  { name = "b", type = 9, cpus = "2", counters = 6 },
  { name = "c", type = 10, cpus = "3", counters = 6 },

  { name = "d", type = 11, cpus = "4", counters = 6 },
]
"""


def test_inline_tables_are_a_host(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text(INLINE)
    found = topology.load("board.toml", tmp_path)
    assert [pmu.name for pmu in found.pmus] == ["a}", "b", "c", "d"]


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "says"),
    [
        ('"2"', '"1-2"', 7, "pmu[1].cpus", "CPU 1 is already covered by a}"),
        ('"3", counters = 6', '"3"', 8, "pmu[2]", "no key counters. A [[pmu]] table has the keys"),
        ('"3", counters', '"9", counters', 8, "pmu[2].cpus", "CPU 9 is out of range"),
        ("type = 11", "tipe = 11", 10, "pmu[3].tipe", "Did you mean 'type'"),
        ('"d"', '"b"', 10, "pmu[3].name", "'b' is already b's"),
        ("cpus = 6", "cpus = 0", 3, "cpus", "0 CPUs"),
        ("pmu = [ # {", "gic = 4\npmu = [ # {", 4, "gic", "4 is not a vGIC's version"),
        ('  { name = "d"', '  3, { name = "d"', 10, "pmu[3]", "3 is not a table"),
    ],
)
def test_the_line_is_right_for_inline_tables(
    tmp_path: Path, old: str, new: str, line: int, key: str, says: str
) -> None:
    assert INLINE.count(old) == 1 or old == "cpus = 6"
    said = problem(tmp_path, INLINE.replace(old, new))
    assert f"board.toml, line {line}, key {key}: " in said
    assert says in said


def test_a_key_without_a_line_of_its_own_is_named_all_the_same(tmp_path: Path) -> None:
    said = problem(tmp_path, "cpus = 1\npmu.type = 3\n")
    assert "board.toml, key pmu: " in said
    assert "is of the wrong type" in said


@pytest.mark.parametrize("compatible", ["", 'compatible = ""\n'])
def test_a_host_with_acpi_has_no_compatibles(tmp_path: Path, compatible: str) -> None:
    text = GOOD
    for name in ("little", "big"):
        text = text.replace(f'compatible = "arm,{name}-pmu"\n', compatible)
    (tmp_path / "board.toml").write_text(text)
    assert [pmu.compatible for pmu in topology.load("board.toml", tmp_path).pmus] == ["", ""]


def test_a_pmu_may_name_its_core(tmp_path: Path) -> None:
    (tmp_path / "board.toml").write_text(GOOD + 'core = "cortex-a72"\n')
    found = topology.load("board.toml", tmp_path)
    assert [pmu.core for pmu in found.pmus] == ["", "cortex-a72"]
