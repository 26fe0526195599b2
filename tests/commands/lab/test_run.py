"""``kvmpmu lab run``: the agent is real, without QEMU."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu import commands, lab
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.lab import LabFailure, Machine
from pytest_kvmpmu.lab.vm.parcel import Parcel

from ...lab.local_machine import local_machine


class Lab:
    """Starts machines without QEMU; remembers the requests and the machines."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.asked: list[tuple[str, str, Path | None, bool, str | None]] = []
        self.machines: list[Machine] = []

    def start(
        self,
        line: str,
        host: Host,
        *,
        cache_dir: Path | None,
        parcel: Parcel | None,
        cpu: str | None,
    ) -> Machine:
        self.asked.append((line, host.name, cache_dir, parcel is not None, cpu))
        self.machines.append(local_machine(self._folder))
        return self.machines[-1]


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    made = Lab(tmp_path / "home")
    monkeypatch.setattr(lab, "start", made.start)
    return made


def run(*arguments: str) -> int:
    return commands.main(["lab", "run", *arguments])


def test_a_command_runs_and_its_status_is_the_programs(
    started: Lab, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run("6.12", "--", "sh", "-c", "printf 'out\\377'; echo err >&2; exit 7") == 7
    assert tuple(capfdbinary.readouterr()) == (b"out\xff", b"err\n")
    assert started.asked == [("6.12", "rockpro64", None, False, None)]
    with pytest.raises(ProcessLookupError):
        os.kill(started.machines[0].pid, 0)


def test_board_cores_and_cache_can_be_chosen(started: Lab, tmp_path: Path) -> None:
    board = ["--topology", "one-pmu", "--cpu", "cortex-a76"]
    run("5.10", *board, "--cache-dir", str(tmp_path), "--", "true")
    assert started.asked == [("5.10", "one-pmu", tmp_path, False, "cortex-a76")]


def test_files_are_there_before_the_command(started: Lab, tmp_path: Path) -> None:
    source, dest = tmp_path / "source", tmp_path / "guest/dest"
    source.touch()
    assert run("6.12", "--copy", f"{source}:{dest}", "--", "ls", str(dest)) == 0
    assert started.asked[0][3]


def test_the_command_may_use_the_cpus_that_are_named(
    started: Lab, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("6.12", "--cpus", "0", "--", "grep", "Cpus_allowed_list", "/proc/self/status") == 0
    assert capfd.readouterr().out.split()[1] == "0"


def test_a_command_that_is_not_found_is_127(
    started: Lab, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("6.12", "--", "nosuch") == 127
    assert capfd.readouterr().err == "kvmpmu: nosuch was not found in the lab VM\n"


def test_a_command_that_takes_too_long_is_124(
    started: Lab, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("6.12", "--timeout", "0.3", "--", "sleep", "100") == 124
    assert capfd.readouterr().err == "kvmpmu: sleep did not end within 0.3 s\n"


def test_a_lab_that_breaks_is_125(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def start(*_: Any, **__: Any) -> Machine:
        raise LabFailure("the lab VM died")

    monkeypatch.setattr(lab, "start", start)
    assert run("6.12", "--", "true") == 125
    assert capfd.readouterr().err == "kvmpmu: the lab VM died\n"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--cpus", "6"], "--cpus 6: CPU 6 does not exist. rockpro64 has the CPUs 0-5"),
        (
            ["--topology", "rockpro64-cpu-offline", "--cpus", "4-5"],
            "--cpus 4-5: CPU 5 is offline. rockpro64-cpu-offline has the CPUs 0-4",
        ),
        (["--cpus", "x"], "--cpus 'x' is not a CPU list. Write it like 0-3,5"),
        (["--cpus", ""], "--cpus names no CPU"),
        (["--timeout", "0"], "--timeout 0 is out of range"),
        (["--timeout", "nan"], "--timeout nan is out of range"),
        (["--topology", "rockpr64"], "Did you mean 'rockpro64'"),
        (["--copy", "/no/such"], "--copy /no/such: '/no/such' does not exist"),
    ],
)
def test_wrong_usage_starts_no_machine(
    arguments: list[str], says: str, started: Lab, capfd: pytest.CaptureFixture[str]
) -> None:
    assert run("6.12", *arguments, "--", "true") == 4
    assert says in capfd.readouterr().err
    assert started.asked == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["6.13", "--", "true"], "unknown lab line"),
        (["6.12"], "COMMAND"),
        (["6.12", "ls", "-l"], "unrecognized arguments: -l"),
    ],
)
def test_a_line_and_a_command_are_needed(
    arguments: list[str], says: str, started: Lab, capfd: pytest.CaptureFixture[str]
) -> None:
    try:
        status: Any = run(*arguments)
    except SystemExit as end:
        status = end.code
    assert status == 4
    assert says in capfd.readouterr().err
    assert started.asked == []


# kvmpmu with a machine without QEMU; prints the machine's process id first.
PROGRAM = """
import signal, sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)
from pytest_kvmpmu import commands, lab
from tests.lab.local_machine import local_machine
def start(line, host, **_):
    machine = local_machine(Path(sys.argv[1]))
    print(machine.pid, flush=True)
    return machine
lab.start = start
sys.exit(commands.main(["lab", "run", "6.12", "--", *sys.argv[2:]]))
"""


def program(folder: Path, *command: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder), *command],
        stdin=subprocess.DEVNULL,
        stdout=pipe,
        stderr=pipe,
        text=True,
        cwd=Path(__file__).parents[3],
    )


def test_ctrl_c_ends_it_all(tmp_path: Path) -> None:
    with program(tmp_path / "home", "sh", "-c", "echo here; sleep 100") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        pid = int(child.stdout.readline())
        assert child.stdout.readline() == "here\n"
        child.send_signal(signal.SIGINT)
        assert child.wait(20) == 130
        assert child.stderr.read() == "kvmpmu: interrupted\n"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_reader_that_has_seen_enough_ends_it_without_a_word(tmp_path: Path) -> None:
    with program(tmp_path / "home", "yes") as child:
        assert child.stdout is not None
        assert child.stderr is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(20) == 141
        assert child.stderr.read() == ""
