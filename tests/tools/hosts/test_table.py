"""The table of the kinds of host: complete, and each run can start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import check_line, core_of, fitted, line_names

from ..lines.runs import ROOT
from .table import HostRow, HostTable, read

TABLE = read()


def test_a_row_makes_a_run_for_each_line() -> None:
    plain = HostRow("plain", cpu={"new": "max"})
    other = HostRow("other", lines=("16k",))
    both = HostRow("both", model=True, not_on={"old": "too old"})
    table = HostTable(("old", "new"), {"new": "7.9"}, (plain, other, both))
    real = "--kvmpmu-backend=real --kvmpmu-target=lab:"
    assert {one.what: " ".join(one.options) for one in table.runs()} == {
        "old on plain": f"-n 2 --kvmpmu-topology=plain {real}old",
        "new on plain with max": f"-n 2 --kvmpmu-topology=plain {real}new --kvmpmu-lab-cpu=max",
        "16k on other": f"-n 2 --kvmpmu-topology=other {real}16k",
        "the model of 7.9 on both": "-n 2 --kvmpmu-topology=both --kvmpmu-backend=model"
        " --kvmpmu-kernel=7.9",
    }


@pytest.mark.parametrize("row", TABLE.rows, ids=lambda row: row.board)
def test_a_board_runs_on_each_line_that_can_be_it(row: HostRow) -> None:
    host = topology.load(row.board)
    assert set(row.not_on) <= set(TABLE.lines)
    assert all(row.not_on.values())
    for name in {*row.lines, *TABLE.lines}:
        line = check_line(name)
        core = core_of(host, line, row.cpu.get(name))
        if row.model or name in row.not_on:
            with pytest.raises(UsageProblem):
                fitted(host, core, line)
        else:
            assert fitted(host, core, line).name == row.board


def test_each_board_that_the_lab_boots_and_that_is_not_usual_has_a_row() -> None:
    named = [row.board for row in TABLE.rows]
    assert len(set(named)) == len(named)
    assert {row.board for row in TABLE.rows} <= set(topology.names())
    assert set(TABLE.kernels) == set(TABLE.lines) <= set(line_names())


def test_the_program_says_what_it_does() -> None:
    command = [sys.executable, "-m", "tests.tools.hosts", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "hosts.toml" in done.stdout
