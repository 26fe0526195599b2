"""Programs that are missing, too old, or to be ended with us."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import LabFailure, start
from pytest_kvmpmu.lab.host import programs, requirements
from pytest_kvmpmu.lab.vm import qemu

from ..conftest import BOARD, LINE, Pretend
from ..processes import ended


def test_without_qemu_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageProblem) as caught:
        start(LINE, BOARD, cache_dir=tmp_path)
    assert "qemu-system-aarch64 is missing" in caught.value.cause
    assert "apt-get install qemu-system-arm" in caught.value.remedy
    assert "kvmpmu lab setup --install" in caught.value.remedy


def test_an_old_qemu_is_refused_with_both_versions(tmp_path: Path, pretend: Pretend) -> None:
    pretend("qemu-system-aarch64", "echo 'QEMU emulator version 6.2.0 (Debian 1:6.2)'")
    with pytest.raises(UsageProblem, match=r"is QEMU 6\.2, the lab needs 7\.2 or newer"):
        start(LINE, BOARD, cache_dir=tmp_path / "cache")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)", "7.2.22 (Debian 1:7.2+dfsg-7)"),
        ("QEMU emulator version 10.0.2", "10.0.2"),
    ],
)
def test_a_new_enough_qemu_is_taken(pretend: Pretend, said: str, version: str) -> None:
    path = pretend("qemu-system-aarch64", f"echo '{said}'")
    assert qemu.check(qemu.find()) == qemu.Qemu(str(path), version)


def test_a_program_that_is_not_qemu_is_refused(pretend: Pretend) -> None:
    pretend("qemu-system-aarch64", "echo hello")
    with pytest.raises(UsageProblem, match="does not say its version"):
        qemu.check(qemu.find())


def test_the_lab_is_for_linux_and_macos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(UsageProblem, match="the lab needs Linux or macOS, this system is win32"):
        start(LINE, BOARD)


def test_an_unknown_line_is_a_usage_problem() -> None:
    with pytest.raises(UsageProblem, match="unknown lab line"):
        start("6.99", BOARD)


def test_the_missing_packages_are_listed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(requirements, "KEYRINGS", ())
    assert requirements.missing() == [
        "apt",
        "debian-archive-keyring",
        "qemu-system-arm",
        "util-linux",
    ]


def test_a_program_that_fails_is_quoted() -> None:
    with pytest.raises(LabFailure, match=r"^trying failed with status 3: oh dear$"):
        programs.output(["sh", "-c", "echo oh dear >&2; exit 3"], "trying")


# What stands in for the other system here has the same shell and the same signals.
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
