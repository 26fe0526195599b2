"""The model says what real kernels did: the lab's recordings, without the lab."""

from __future__ import annotations

import itertools
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.recording.judge import disagreements
from pytest_kvmpmu.recording.reader import read

from ...recording.samples import record
from . import __main__ as program
from . import traces as making
from .traces import BOARDS, MOST, PLACE, SUFFIX, Trace, changed, remake, there, wanted

TRACES = sorted(PLACE.glob(f"*{SUFFIX}"))


def trace_of(path: Path) -> Trace:
    return Trace(*path.name.removesuffix(SUFFIX).split("-", 1))


@pytest.mark.once
@pytest.mark.parametrize("path", TRACES, ids=lambda path: path.name.removesuffix(SUFFIX))
def test_the_model_says_what_the_kernel_did(path: Path) -> None:
    recording = read(path)
    header, trace = recording.header, trace_of(path)
    assert (header.backend, header.target, header.host.name, header.kernel) == (
        "real",
        f"lab:{trace.line}",
        trace.board,
        None,
    )
    assert recording.calls > 100
    found = list(disagreements(recording))
    assert not found, "\n".join(found)


def test_another_revision_does_not_say_that() -> None:
    recording = read(PLACE / Trace("6.12", "rockpro64").name)
    header = recording.header._replace(kernel="series-v1")
    assert len(list(disagreements(replace(recording, header=header)))) > 10


def test_each_line_was_recorded_on_the_same_boards() -> None:
    traces = {trace_of(path) for path in TRACES}
    lines, boards = {trace.line for trace in traces}, {trace.board for trace in traces}
    assert lines
    assert traces == set(itertools.starmap(Trace, itertools.product(lines, boards)))
    assert traces <= set(wanted())


def test_all_traces_together_are_small() -> None:
    assert 0 < sum(path.stat().st_size for path in TRACES) < MOST


def test_without_names_all_lines_and_boards_are_wanted() -> None:
    assert len(wanted()) == 5 * len(BOARDS)
    assert wanted(["rc", "5.10"], ["no-pmu"]) == [Trace("rc", "no-pmu"), Trace("5.10", "no-pmu")]
    with pytest.raises(UsageProblem, match=r"unknown line '6\.13'"):
        wanted(["6.13"])
    with pytest.raises(UsageProblem, match="unknown board 'rockpro'"):
        wanted([], ["rockpro"])


def test_an_unknown_line_is_one_line_and_exit_status_4(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert program.main(["6.13"]) == 4
    assert capsys.readouterr().err.startswith("recording: error: unknown line '6.13'. Known: ")


def test_ctrl_c_ends_with_its_own_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    monkeypatch.setattr(program, "remake", interrupt)
    assert program.main([]) == 130
    assert "run it again to continue" in capsys.readouterr().err


class Specs:
    """A stand-in for pytest: writes the requested recording, or fails."""

    def __init__(self, *broken: str) -> None:
        self.broken = broken
        self.ran: list[str] = []

    def __call__(self, command: list[str]) -> subprocess.CompletedProcess[str]:
        path = Path(command[-1].removeprefix("--kvmpmu-record="))
        self.ran.append(path.name)
        if path.name in self.broken:
            return subprocess.CompletedProcess(command, 1, "record\nof a failure", "")
        record(path)
        return subprocess.CompletedProcess(command, 0, "...\n3 passed in 1 s\n", "")


ASKED = [Trace("6.1", "no-pmu"), Trace("rc", "no-pmu")]
NAMES = [trace.name for trace in ASKED]


def make(specs: Specs, folder: Path, again: bool = False) -> tuple[bool, list[str]]:
    said: list[str] = []
    done = remake(
        ASKED, said.append, again=again, run=specs, stage=folder / "stage", place=folder / "place"
    )
    return done, said


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*"))


@pytest.fixture
def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """No source has changed for a long time."""
    monkeypatch.setattr(making, "changed", lambda: 0.0)


def test_traces_are_made_and_put_in_their_place(tmp_path: Path) -> None:
    done, said = make(Specs(), tmp_path)
    assert done
    assert said[0].startswith("[1/2] 6.1 on no-pmu: 0 s, 6.12: 3 worlds, 7 calls, ")
    assert said[0].endswith("; 3 passed in 1 s")
    assert said[-1].startswith("2 made; ")
    assert (names(tmp_path / "place"), names(tmp_path / "stage")) == (NAMES, [])


@pytest.mark.usefixtures("unchanged")
def test_where_one_fails_nothing_is_replaced_and_the_next_run_goes_on(tmp_path: Path) -> None:
    specs = Specs(NAMES[1])
    done, said = make(specs, tmp_path)
    assert not done
    assert "[2/2] rc on no-pmu: 0 s, FAILED with status 1\n    record\n    of a failure" in said
    assert (names(tmp_path / "place"), names(tmp_path / "stage")) == ([], NAMES[:1])
    specs.broken = ()
    done, said = make(specs, tmp_path)
    assert done
    assert said[0] == "[1/2] 6.1 on no-pmu: there already"
    assert specs.ran == [*NAMES, NAMES[1]]
    assert names(tmp_path / "place") == NAMES


@pytest.mark.usefixtures("unchanged")
def test_what_is_there_is_made_again_when_asked_for(tmp_path: Path) -> None:
    specs = Specs(NAMES[1])
    make(specs, tmp_path)
    make(specs, tmp_path, again=True)
    assert specs.ran == NAMES * 2


def test_what_is_older_than_the_specs_or_broken_is_not_there(tmp_path: Path) -> None:
    path = record(tmp_path / "run.jsonl")
    source = tmp_path / "spec.py"
    source.touch()
    now = changed([tmp_path])
    assert there(path, now - 5) is not None
    assert there(path, now + 5) is None
    path.write_text("{}\n")
    assert there(path, 0) is None
    assert there(tmp_path / "absent", 0) is None


def test_the_command_runs_all_specs_on_that_kernel_and_board() -> None:
    command = Trace("6.12", "rockpro64").command(Path("x.jsonl.gz"))
    assert command[-4:] == [
        "--kvmpmu-backend=real",
        "--kvmpmu-target=lab:6.12",
        "--kvmpmu-topology=rockpro64",
        "--kvmpmu-record=x.jsonl.gz",
    ]
