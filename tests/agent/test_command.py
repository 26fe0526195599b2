"""The agent runs commands and gives its terminal to a shell, here on this machine."""

from __future__ import annotations

import binascii
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.agent import command


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands run."""
    monkeypatch.setattr(command, "HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def run(*argv: str, cpus: tuple[int, ...] = ()) -> tuple[list[dict[str, Any]], str, str]:
    """The answers without output, standard output and standard error."""
    said: list[dict[str, Any]] = []
    command.run({"op": "run", "argv": argv, "cpus": cpus}, said.append)
    out, err = (
        b"".join(binascii.a2b_base64(each[name]) for each in said if name in each).decode()
        for name in ("out", "err")
    )
    return [each for each in said if "exit" in each], out, err


def test_output_comes_apart_and_the_status_last(home: Path) -> None:
    assert run("sh", "-c", "echo one; echo two >&2; pwd; exit 7") == (
        [{"exit": 7}],
        f"one\n{home}\n",
        "two\n",
    )


def test_bytes_come_as_they_are() -> None:
    assert run("printf", r"\036\000\n")[1] == "\x1e\0\n"


def test_a_signal_counts_as_a_shell_counts_it() -> None:
    assert run("sh", "-c", "kill -9 $$")[0] == [{"exit": 137}]


def test_a_command_runs_on_its_cpus_and_the_agent_stays_where_it_is() -> None:
    before = os.sched_getaffinity(0)
    one = max(before)
    assert run("sh", "-c", "grep Cpus_allowed_list /proc/self/status", cpus=(one,))[1].split()[
        1
    ] == str(one)
    assert os.sched_getaffinity(0) == before


def test_a_command_finds_signals_as_a_shell_would_leave_them() -> None:
    said, out, _ = run("sh", "-c", "grep -E '^Sig(Blk|Ign)' /proc/self/status")
    assert said == [{"exit": 0}]
    blocked, ignored = (int(line.split()[1], 16) for line in out.splitlines())
    assert blocked == 0
    assert not ignored & 1 << 13 - 1  # SIGPIPE, which Python ignores


def test_a_child_that_keeps_the_output_open_does_not_keep_the_command() -> None:
    assert run("sh", "-c", "echo here; sleep 30 & exit 3")[:2] == ([{"exit": 3}], "here\n")


def test_a_command_may_close_its_output_and_go_on() -> None:
    assert run("sh", "-c", "exec >&- 2>&-; sleep 0.1; exit 4")[0] == [{"exit": 4}]


@pytest.mark.parametrize(
    ("program", "status", "why"),
    [
        ("nosuch", 127, "nosuch was not found in the lab VM"),
        ("./absent", 127, "./absent was not found in the lab VM"),
        ("./odd", 127, "./odd exists, but its dynamic loader or #! program is missing"),
        ("./plain", 126, "./plain cannot be run: Permission denied"),
        ("./foreign", 126, "./foreign cannot be run: Exec format error"),
    ],
)
def test_what_can_not_be_started_is_told(program: str, status: int, why: str, home: Path) -> None:
    home.mkdir()
    (home / "odd").write_text("#!/no/such/program\n")
    (home / "plain").write_text("text")
    (home / "foreign").write_bytes(b"\x7fELF\x02\x01\x01" + bytes(60))
    for name in ("odd", "foreign"):
        (home / name).chmod(0o755)
    (said,) = run(program)[0]
    assert said["exit"] == status
    assert said["why"].startswith(why)


def test_a_cpu_that_is_not_there_is_told() -> None:
    (said,) = run("true", cpus=(99999,))[0]
    assert said == {"exit": 126, "why": "true cannot be run: Invalid argument"}


def test_a_shell_gets_the_terminal_and_its_status_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, theirs = os.openpty()
    consoles = tmp_path / "active"
    consoles.write_text("ttyS9 " + os.ttyname(theirs).removeprefix("/dev/") + "\n")
    monkeypatch.setattr(command, "CONSOLES", consoles)
    said: list[dict[str, Any]] = []
    request = {"op": "shell", "rows": 30, "columns": 90}
    thread = threading.Thread(target=command.shell, args=(request, said.append))
    thread.start()
    os.write(ours, b"stty size; exit 5\n")
    shown = b""
    try:
        while b"30 90" not in shown:
            shown += os.read(ours, 65536)
        thread.join(20)
    finally:
        os.close(ours)
        os.close(theirs)
    assert said == [{"exit": 5}]


def test_without_a_terminal_no_shell_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "active").write_text("no-such-terminal\n")
    monkeypatch.setattr(command, "CONSOLES", tmp_path / "active")
    said: list[dict[str, Any]] = []
    command.shell({"op": "shell", "rows": 1, "columns": 1}, said.append)
    assert said[0]["exit"] == 127
