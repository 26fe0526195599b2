"""The model says what real kernels did: the lab's recordings, without the lab."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import line_names, lines, usual_line_names
from pytest_kvmpmu.recording.judge import disagreements
from pytest_kvmpmu.recording.reader import read
from pytest_kvmpmu.settings import DEFAULT_TOPOLOGY
from pytest_kvmpmu.support.resources import conformance_dir

from ...recording.samples import record
from . import __main__ as program
from . import traces as making
from .traces import (
    MOST,
    PLACE,
    ROOT,
    SUFFIX,
    Trace,
    changed,
    missing,
    orphans,
    remake,
    report,
    there,
    wanted,
)

# The recordings that are there.  A new line or board has none yet.
TRACES = [trace for trace in wanted() if (PLACE / trace.name).exists()]


@pytest.mark.once
@pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.name.removesuffix(SUFFIX))
def test_the_model_says_what_the_kernel_did(trace: Trace) -> None:
    recording = read(PLACE / trace.name)
    header = recording.header
    assert (header.backend, header.target, header.host.name, header.kernel) == (
        "real",
        f"lab:{trace.line}",
        trace.board,
        None,
    )
    assert recording.calls > 100
    found = list(disagreements(recording))
    assert not found, "\n".join(found)


# Each line on the default board, and each board on one line: all specs on all revisions and boards,
# in a third of the time that all recordings take.
ONE_LINE = "6.12"
REPLAYED = [trace for trace in TRACES if trace.line == ONE_LINE or trace.board == DEFAULT_TOPOLOGY]


@pytest.mark.once
@pytest.mark.parametrize("trace", REPLAYED, ids=lambda trace: trace.name.removesuffix(SUFFIX))
def test_the_specs_ask_what_was_recorded(trace: Trace, monkeypatch: pytest.MonkeyPatch) -> None:
    """A spec that asks something else needs new recordings: `python -m tests.tools.recording`."""
    # Coverage would measure the same specs in each, which takes longer than they do.
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(conformance_dir())),
        *("--kvmpmu-backend=replay", f"--kvmpmu-target={PLACE / trace.name}"),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]


def test_another_revision_does_not_say_that() -> None:
    recording = read(PLACE / Trace("6.12", "rockpro64").name)
    header = recording.header._replace(kernel="series-v1")
    assert len(list(disagreements(replace(recording, header=header)))) > 10


def test_a_recorded_line_has_a_recording_of_each_recorded_board() -> None:
    lines, boards = {trace.line for trace in TRACES}, {trace.board for trace in TRACES}
    assert lines
    assert set(TRACES) == {one for one in wanted() if one.line in lines and one.board in boards}


def test_each_recording_is_of_a_line_and_a_board_of_the_lab() -> None:
    assert orphans() == []


def test_what_is_missing_is_listed_and_so_is_what_nobody_needs(tmp_path: Path) -> None:
    first, *others = wanted()
    unneeded = sorted(Trace(*pair).name for pair in ((first.line, "half"), ("4.4", first.board)))
    for name in (first.name, *unneeded):
        (tmp_path / name).touch()
    assert missing(tmp_path) == others
    assert orphans(tmp_path) == unneeded
    said: list[str] = []
    report(said.append, tmp_path)
    assert said[0] == f"missing: {others[0].line} on {others[0].board}"
    assert said[-1].startswith(f"remove {unneeded[-1]}: ")
    assert len(said) == len(others) + 2


def test_the_program_lists_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--missing"]) == 0
    listed = [f"missing: {trace.line} on {trace.board}" for trace in missing()]
    assert capsys.readouterr().out.splitlines() == listed


def test_all_traces_together_are_small() -> None:
    assert 0 < sum((PLACE / trace.name).stat().st_size for trace in TRACES) < MOST


def test_without_names_usual_boards_are_wanted_and_those_that_a_line_adds() -> None:
    found = set(wanted())
    assert {trace.line for trace in found} == set(usual_line_names())
    for row in lines.lines():
        boards = {trace.board for trace in found if trace.line == row.name}
        assert boards >= set(row.also_boards)
        assert row.apart or DEFAULT_TOPOLOGY in boards
        assert row.apart or ("nested" in boards) == ("nested" in row.also_boards)


def test_lines_and_boards_that_are_named_are_wanted() -> None:
    first, last, board = line_names()[0], line_names()[-1], topology.lab_names()[0]
    both = [Trace(last, board), Trace(first, board)]
    assert wanted([last, first], [board]) == both
    assert {trace.line for trace in wanted([], [board])} == set(usual_line_names())
    assert DEFAULT_TOPOLOGY in {trace.board for trace in wanted([first])}
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


ASKED = [wanted()[0], wanted()[-1]]
FIRST, SECOND = (f"{trace.line} on {trace.board}" for trace in ASKED)
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
    assert said[0].startswith(f"[1/2] {FIRST}: 0 s, 6.12: 3 worlds, 7 calls, ")
    assert said[0].endswith("; 3 passed in 1 s")
    (made,) = [line for line in said if line.startswith("2 made; ")]
    after = said[said.index(made) + 1 :]
    assert len(after) == len(wanted()) - 2
    assert all(line.startswith("missing: ") for line in after)
    assert (names(tmp_path / "place"), names(tmp_path / "stage")) == (sorted(NAMES), [])


@pytest.mark.usefixtures("unchanged")
def test_where_one_fails_nothing_is_replaced_and_the_next_run_goes_on(tmp_path: Path) -> None:
    specs = Specs(NAMES[1])
    done, said = make(specs, tmp_path)
    assert not done
    assert f"[2/2] {SECOND}: 0 s, FAILED with status 1\n    record\n    of a failure" in said
    assert (names(tmp_path / "place"), names(tmp_path / "stage")) == ([], NAMES[:1])
    specs.broken = ()
    done, said = make(specs, tmp_path)
    assert done
    assert said[0] == f"[1/2] {FIRST}: there already"
    assert specs.ran == [*NAMES, NAMES[1]]
    assert names(tmp_path / "place") == sorted(NAMES)


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
