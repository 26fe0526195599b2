"""The lab as a tool, with real kernels in a real QEMU."""

from __future__ import annotations

import fcntl
import hashlib
import os
import random
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.topology import load, read
from pytest_kvmpmu.lab import lines, start
from pytest_kvmpmu.lab.store.cache import Cache
from pytest_kvmpmu.lab.vm import guest

from ..conftest import BOARD, BOARD_TOML, LINE, add_snapshot, share
from ..processes import all_end, qemus

pytestmark = pytest.mark.lab

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, stocked: Cache) -> Path:
    """A cache folder with a snapshot of `BOARD`, and its topology as a file."""
    made = add_snapshot(stocked, share(stocked, tmp_path_factory.mktemp("tool")))
    (made / "pair.toml").write_text(BOARD_TOML)
    return made


def command(root: Path, action: str, *more: str, line: str = LINE) -> list[str]:
    # A run in the background has SIGINT ignored, which would be inherited.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
        "from pytest_kvmpmu.commands import main; sys.exit(main(sys.argv[1:]))"
    )
    board = ["--topology", str(root / "pair.toml"), "--cache-dir", str(root)]
    return [sys.executable, "-c", program, "lab", action, line, *board, *more]


def run(root: Path, *more: str, line: str = LINE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(root, "run", *more, line=line),
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def test_a_command_runs_on_the_board(root: Path) -> None:
    done = run(root, "--", "sh", "-c", "ls -d /sys/bus/event_source/devices/armv8*; exit 5")
    names = [line.rpartition("/")[2] for line in done.stdout.splitlines()]
    assert names == ["armv8_cortex_a53", "armv8_cortex_a72"]
    assert (done.returncode, done.stderr) == (5, "")


def test_a_command_is_pinned(root: Path) -> None:
    done = run(root, "--cpus", "1", "--", "grep", "Cpus_allowed_list", "/proc/self/status")
    assert done.stdout.split() == ["Cpus_allowed_list:", "1"]


@pytest.mark.parametrize("line", lines.usual_names()[:3])
def test_a_large_file_comes_whole_on_each_kernel(
    root: Path, stocked: Cache, tmp_path: Path, line: str
) -> None:
    content = random.Random(1).randbytes(60_000_000)
    (tmp_path / "large").write_bytes(content)
    start(line, BOARD, cache_dir=stocked.root.parent).close()  # to fetch that kernel
    done = run(root, "--copy", str(tmp_path / "large"), "--", "sha256sum", "large", line=line)
    assert done.stdout.split()[:1] == [hashlib.sha256(content).hexdigest()], done.stderr


def test_files_that_do_not_fit_are_an_error_with_both_sizes(root: Path, tmp_path: Path) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(220_000_000)
    done = run(root, "--copy", str(tmp_path / "huge"), "--", "true")
    assert done.returncode == 125
    assert re.search(r"they have 220 MB, the lab VM has room for \d+ MB", done.stderr)


def test_python_there_has_more_than_the_agent_needs(root: Path) -> None:
    script = "import argparse, datetime, subprocess, random; print(subprocess.check_output('id'))"
    assert "uid=0" in run(root, "--", "python3", "-c", script).stdout


def test_a_kernel_that_panics_ends_the_command_with_its_last_words(root: Path) -> None:
    done = run(root, "--", "sh", "-c", "echo c >/proc/sysrq-trigger")
    assert done.returncode == 125
    assert "Kernel panic" in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_no_machine_outlives_the_command(root: Path, number: int) -> None:
    starting = command(root, "run", "--", "sh", "-c", "echo here; sleep 100")
    pipe = subprocess.PIPE
    with subprocess.Popen(starting, stdout=pipe, stderr=pipe, text=True, cwd=ROOT) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "here\n"
        assert len(qemus(root)) == 1
        child.send_signal(number)
        assert child.wait(20) == (130 if number == signal.SIGINT else -number)
    assert all_end(root)


class Terminal:
    """A shell on the board, on its own terminal."""

    def __init__(self, root: Path) -> None:
        self.fd, theirs = os.openpty()
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
        self.process = subprocess.Popen(
            command(root, "boot"), stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT
        )
        os.close(theirs)
        self.seen = ""

    def type(self, keys: str, until: str) -> None:
        """Type, and read until that is there; the shell asks where its cursor is."""
        os.write(self.fd, keys.encode())
        self.seen = ""
        deadline = time.monotonic() + 60
        while until not in self.seen:
            assert select.select([self.fd], [], [], deadline - time.monotonic())[0], self.seen
            chunk = os.read(self.fd, 65536).decode()
            if "\x1b[6n" in chunk:
                os.write(self.fd, b"\x1b[1;1R")
            self.seen += chunk


def test_the_shell_has_a_terminal_with_job_control(root: Path) -> None:
    terminal = Terminal(root)
    try:
        terminal.type("", " # ")
        terminal.type("stty size; tty\n", "/dev/ttyAMA0\r\n")
        assert "33 99" in terminal.seen
        sleeping = (
            "sh -c 'echo up; exec sleep 100'\n"  # in the foreground by the time it has started
        )
        terminal.type(sleeping, "\nup\r")
        terminal.type("\x03", " # ")
        terminal.type(sleeping, "\nup\r")
        terminal.type("\x1a", "Stopped")
        terminal.type("exit 6\n", "You have stopped jobs")
        terminal.type("exit 6\n", "exit 6\r\n")
        assert terminal.process.wait(20) == 6
    finally:
        terminal.process.kill()
        terminal.process.wait()
        os.close(terminal.fd)
    assert qemus(root) == []


def test_a_topology_of_the_documentation_boots(stocked: Cache, tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", (ROOT / "docs/lab.md").read_text(), re.DOTALL)
    (tmp_path / "mine.toml").write_text(text)
    host = read(tmp_path / "mine.toml")
    seen: list[bytes] = []
    with start(LINE, host, cache_dir=share(stocked, tmp_path / "cache")) as vm:
        script = "cat /sys/bus/event_source/devices/armv8*/cpus"
        assert guest.run(vm, ["sh", "-c", script], [], 30, seen.append, seen.append) == 0
    assert len(b"".join(seen).split()) == len(host.pmus)


def test_three_clusters_boot(stocked: Cache, tmp_path: Path) -> None:
    seen: list[bytes] = []
    with start(LINE, load("three-pmus"), cache_dir=share(stocked, tmp_path / "cache")) as vm:
        script = "cd /sys/bus/event_source/devices; grep . armv8*/cpus"
        guest.run(vm, ["sh", "-c", script], [], 30, seen.append, seen.append)
    assert b"".join(seen).decode().split() == [
        "armv8_cortex_a53/cpus:0",
        "armv8_cortex_a72/cpus:1-3",
        "armv8_cortex_a73/cpus:4",
    ]


@pytest.mark.parametrize("line", lines.usual_names()[-2:])
def test_timers_go_on_after_a_resume_of_the_only_cpu_in_vhe_mode(
    line: str, stocked: Cache, tmp_path: Path
) -> None:
    host = Host("solo", (0,), (BOARD.pmus[0],))
    place = share(stocked, tmp_path / "cache")
    seen: list[bytes] = []
    with start(line, host, cache_dir=place, cpu="cortex-a76") as vm:
        script = "for n in 1 2 3; do sleep 0.1; echo $n; done"
        assert guest.run(vm, ["sh", "-c", script], [], 30, seen.append, seen.append) == 0
    assert b"".join(seen).split() == [b"1", b"2", b"3"]
