"""Programs that are missing, too old, or must end with this process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import LabFailure, start
from pytest_kvmpmu.lab.host import programs

from ..conftest import BOARD, LINE
from ..processes import ended


def test_the_lab_is_for_linux_and_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(
        UsageProblem, match="the lab needs Linux or macOS, but this system is win32"
    ):
        start(LINE, BOARD)


def test_an_unknown_line_is_a_usage_problem() -> None:
    with pytest.raises(UsageProblem, match="unknown lab line"):
        start("6.99", BOARD)


def test_a_program_that_fails_is_quoted() -> None:
    with pytest.raises(LabFailure, match=r"^trying failed with status 3: oh dear$"):
        programs.output(["sh", "-c", "echo oh dear >&2; exit 3"], "trying")


# The system that stands in for the other one has the same shell and the same signals.
each_system = pytest.mark.parametrize("system", ["linux", "darwin"])


@each_system
def test_a_leashed_program_ends_when_its_starter_is_killed(system: str) -> None:
    script = (
        "import sys\n"
        f"sys.platform = {system!r}\n"
        "from pytest_kvmpmu.lab.host import programs\n"
        "child = programs.spawn(['sleep', '600'])\n"
        "print(child.pid, flush=True)\n"
        "sys.stdin.read()\n"
    )
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", script], stdin=pipe, stdout=pipe) as starter:
        assert starter.stdout is not None
        pid = int(starter.stdout.readline())
        os.kill(pid, 0)
        starter.kill()
        starter.wait()
        assert ended(pid)


def test_a_program_whose_starter_is_already_gone_does_not_begin() -> None:
    command = programs.leashed(["echo", "begun"])
    command[command.index(str(os.getpid()))] = "1"
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (125, b"")


@each_system
def test_stopping_ends_what_the_program_started(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    child = programs.spawn(["sh", "-c", "sleep 600 & echo $!; wait"], stdout=subprocess.PIPE)
    assert child.stdout is not None
    grandchild = int(child.stdout.readline())
    programs.stop(child)
    programs.stop(child)
    assert ended(grandchild)


def test_a_guard_ends_with_its_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    child = programs.spawn(["sh", "-c", "exit 3"])
    guard = programs._GUARDS[child]
    assert child.wait() == 3
    programs.stop(child)
    assert guard.returncode is not None


def test_a_guard_ends_where_its_program_cannot_be_started(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    dismissed: list[int] = []
    dismiss = programs._dismiss

    def noting(guard: subprocess.Popen[bytes]) -> None:
        dismiss(guard)
        dismissed.append(guard.pid)

    monkeypatch.setattr(programs, "_dismiss", noting)
    with pytest.raises(FileNotFoundError):
        programs.spawn([str(tmp_path / "nothing")])
    assert ended(dismissed[0])


@pytest.mark.lab
def test_a_lab_machine_runs_with_a_guard_in_place_of_setpriv(
    cold: Path, monkeypatch: pytest.MonkeyPatch, host_with: Callable[..., Path]
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("PATH", str(host_with("qemu-system-aarch64", "sh")))
    with start(LINE, BOARD, cache_dir=cold) as vm:
        pid = vm.pid
        os.kill(pid, 0)
    assert ended(pid)
