"""The program that runs the specs on each kernel line, with short commands in place of pytest."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import core_of, fitted, usual_line_names
from pytest_kvmpmu.lab.host import programs
from pytest_kvmpmu.lab.lines import Line, lines

from ...lab.processes import ended
from . import __main__ as program
from .runs import ROOT, SpecRun, run, run_all, runs

OLD, NEW = (
    Line("1.0", laws=7, also_boards=("odd", "even")),
    Line("2.0", also_cpu=("cortex-a76", "max")),
)
APART = Line("3.0", laws=7, apart=True)
TWO = [SpecRun("first", ("--one",)), SpecRun("second", ("--two",))]


def options(known: Sequence[Line]) -> dict[str, str]:
    return {one.what: shlex.join(one.options) for one in runs(known)}


def test_each_line_has_a_run_and_rows_add_boards_cores_and_laws() -> None:
    real = "--kvmpmu-backend=real --kvmpmu-target=lab:"
    search = "-m 'differential or not differential' -k 'not a_law'"
    assert options([OLD, NEW, APART]) == {
        "1.0, with a search": f"-n 2 {real}1.0 {search}",
        "2.0, with a search": f"-n 2 {real}2.0 {search}",
        "1.0 on odd": f"-n 2 {real}1.0 --kvmpmu-topology=odd",
        "1.0 on even": f"-n 2 {real}1.0 --kvmpmu-topology=even",
        "2.0 with cortex-a76": f"-n 2 {real}2.0 --kvmpmu-lab-cpu=cortex-a76",
        "2.0 with max": f"-n 2 {real}2.0 --kvmpmu-lab-cpu=max",
        "1.0, laws": f"{real}1.0 -m differential -k a_law --kvmpmu-examples=7",
    }


def test_every_line_of_the_lab_has_its_runs() -> None:
    given = [f"--kvmpmu-target=lab:{name}" for name in usual_line_names()]
    for target in given:
        assert any(target in one.options for one in runs())
    assert {option for one in runs() for option in one.options if "target" in option} == set(given)


def test_another_board_another_core_and_the_laws_are_tried_on_some_line() -> None:
    everything = [option for one in runs() for option in one.options]
    assert any(option.startswith("--kvmpmu-topology=") for option in everything)
    assert any(option.startswith("--kvmpmu-lab-cpu=") for option in everything)
    assert any(option.startswith("--kvmpmu-examples=") for option in everything)


def test_each_board_that_a_row_adds_can_be_it() -> None:
    for line in lines():
        for board in line.also_boards:
            host = topology.load(board)
            assert fitted(host, core_of(host, line), line).name == board


class Pytest:
    """A stand-in for pytest that ends with the given statuses, one run after the other."""

    def __init__(self, *statuses: int) -> None:
        self.statuses = list(statuses)
        self.commands: list[list[str]] = []

    def __call__(self, command: Sequence[str]) -> int:
        self.commands.append(list(command))
        return self.statuses.pop(0)


def test_a_command_is_printed_before_it_runs_and_its_result_at_the_end() -> None:
    said: list[str] = []

    def pytest_(command: Sequence[str]) -> int:
        said.append(f"ran {command[-2]} {command[-1]}")
        return 0

    assert run_all(TWO, ["-x"], said.append, run=pytest_) == 0
    start = f"$ {sys.executable} -m pytest conformance -q"
    assert said == [
        f"lines: first\n{start} --one -x",
        "ran --one -x",
        f"lines: second\n{start} --two -x",
        "ran --two -x",
        "lines: first: passed (0 s)",
        "lines: second: passed (0 s)",
    ]


def test_a_failed_run_does_not_stop_the_others_and_the_first_failure_is_the_status() -> None:
    said: list[str] = []
    fake = Pytest(0, 4, 1)
    assert run_all([*TWO, TWO[0]], [], said.append, run=fake) == 4
    assert len(fake.commands) == 3
    assert said[-3:] == [
        "lines: first: passed (0 s)",
        "lines: second: FAILED with exit status 4 (0 s)",
        "lines: first: FAILED with exit status 1 (0 s)",
    ]


def test_ctrl_c_ends_all_runs_and_shows_the_results_so_far() -> None:
    said: list[str] = []

    def interrupted(command: Sequence[str]) -> int:
        if "--two" in command:
            raise KeyboardInterrupt
        return 0

    with pytest.raises(KeyboardInterrupt):
        run_all([*TWO, TWO[0]], [], said.append, run=interrupted)
    assert said[-1] == "lines: first: passed (0 s)"
    assert sum("$ " in line for line in said) == 2


@pytest.mark.parametrize(
    ("raised", "status", "message"),
    [
        (KeyboardInterrupt(), 130, "lines: interrupted\n"),
        (UsageProblem("no setpriv", "Install it"), 4, "lines: error: no setpriv. Install it.\n"),
    ],
)
def test_the_program_ends_with_a_status_of_its_own(
    raised: BaseException,
    status: int,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run_none(*_: object) -> int:
        raise raised

    monkeypatch.setattr(program, "run_all", run_none)
    before = signal.getsignal(signal.SIGTERM)
    assert program.main([]) == status
    assert capsys.readouterr().err == message
    assert signal.getsignal(signal.SIGTERM) == before


def test_the_program_passes_its_arguments_to_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[str] = []

    def run_none(_: object, more: Sequence[str], __: object) -> int:
        given.extend(more)
        return 3

    monkeypatch.setattr(program, "run_all", run_none)
    assert program.main(["-k", "a or b", "--kvmpmu-record=x", "file.py"]) == 3
    assert given == ["-k", "a or b", "--kvmpmu-record=x", "file.py"]


def test_a_run_has_our_output_and_its_own_status(capfd: pytest.CaptureFixture[str]) -> None:
    assert run([sys.executable, "-c", "print('a result'); raise SystemExit(5)"]) == 5
    assert capfd.readouterr().out == "a result\n"
    assert run(["sh", "-c", "kill -KILL $$"]) == 128 + signal.SIGKILL


PROGRAM = """
import sys
from tests.tools.lines import __main__ as program, runs
runs.SpecRun.command = lambda one, more: {command!r}
runs.GRACE = 1
sys.exit(program.main([]))
"""
# A run with a process of its own, and what it does on Ctrl-C.
POLITE = "exit 2"
STUBBORN = ":"
SHELL = "trap {trap!r} INT; sleep 100 & echo $! $$ > {ids}; while :; do sleep 0.1; done"

Start = Callable[[str], "tuple[subprocess.Popen[str], list[int]]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Starts the program with a run that handles Ctrl-C in that way; the run's process ids."""

    def start(trap: str) -> tuple[subprocess.Popen[str], list[int]]:
        ids = tmp_path / "ids"
        command = ["sh", "-c", SHELL.format(trap=trap, ids=shlex.quote(str(ids)))]
        child = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(command=command)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        end = time.monotonic() + 30
        while not (ids.exists() and ids.read_text().endswith("\n")):
            assert time.monotonic() < end
            assert child.poll() is None
            time.sleep(0.01)
        return child, [int(word) for word in ids.read_text().split()]

    return start


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.parametrize("trap", [POLITE, STUBBORN])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_outlives_a_program_that_was_interrupted(
    trap: str, number: int, start: Start
) -> None:
    child, ids = start(trap)
    child.send_signal(number)
    printed, _ = child.communicate(timeout=20)
    assert child.returncode == 130
    assert printed.endswith("lines: interrupted\n")
    assert all(map(ended, ids))


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
def test_a_run_ends_with_a_program_that_was_killed(start: Start) -> None:
    child, (helper, leader) = start(POLITE)
    with child:
        child.kill()
        assert ended(leader)
        os.kill(helper, signal.SIGKILL)  # pytest's own helpers end with pytest


def test_ctrl_c_while_a_run_starts_ends_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[bytes]] = []
    spawn = programs.spawn

    def interrupted(command: Sequence[str], **popen: Any) -> subprocess.Popen[bytes]:
        started.append(spawn(command, **popen))
        os.kill(os.getpid(), signal.SIGINT)
        return started[0]

    monkeypatch.setattr(programs, "spawn", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run(["sleep", "100"])
    assert started[0].returncode is not None
