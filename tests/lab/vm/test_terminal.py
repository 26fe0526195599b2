"""``kvmpmu lab boot`` on its own terminal; the machine only echoes."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kvmpmu import commands, lab
from pytest_kvmpmu.lab import Machine
from pytest_kvmpmu.lab.vm import terminal

ROOT = Path(__file__).parents[3]

# A guest: prints the request, then its input in brackets; some input has effects.
GUEST = r"""
import os, sys
sys.path.insert(0, sys.argv[1])
from pytest_kvmpmu.wire.frame import Decoder, encode
(request,) = Decoder().feed(sys.stdin.buffer.readline())
print(request.body, end="\r\n", flush=True)
while keys := os.read(0, 100):
    os.write(1, b"[" + keys.replace(b"\x03", b"^C") + b"]\r\n")
    if b"exit" in keys:
        os.write(1, encode({"exit": 3})[:9])
        os.write(1, encode({"exit": 3})[9:])
    if b"odd" in keys:
        os.write(1, b"\x1eno frame\n")
    if b"why" in keys:
        os.write(1, encode({"exit": 127, "why": "no shell"}))
    if b"died" in keys:
        os.write(1, encode({"died": "SIGKILL"}))
    if b"panic" in keys:
        os.write(1, b"Kernel panic\r\n")
        sys.exit()
"""
# kvmpmu, with that guest as its machine.
PROGRAM = """
import sys
from pytest_kvmpmu import commands, lab
def start(line, host, **_):
    machine = lab.Machine([sys.executable, "-c", sys.argv[1], sys.argv[2]])
    machine.kernel_release = "6.12.0-test"
    return machine
lab.start = start
sys.exit(commands.main(["lab", "boot", "6.12"]))
"""


class Screen:
    """A terminal with kvmpmu on it."""

    def __init__(self) -> None:
        self.fd, self.theirs = os.openpty()
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
        self.before = termios.tcgetattr(self.theirs)
        self.seen = b""
        command = [sys.executable, "-c", PROGRAM, GUEST, str(ROOT)]
        self.process = subprocess.Popen(
            command,
            stdin=self.theirs,
            stdout=self.theirs,
            stderr=self.theirs,
            start_new_session=True,
            cwd=ROOT,
        )

    def type(self, keys: bytes) -> None:
        os.write(self.fd, keys)

    def wait_for(self, text: bytes) -> None:
        deadline = time.monotonic() + 20
        while text not in self.seen:
            assert select.select([self.fd], [], [], deadline - time.monotonic())[0], self.seen
            self.seen += os.read(self.fd, 65536)

    def status(self) -> int:
        return self.process.wait(20)

    def restored(self) -> bool:
        for _ in range(500):
            if termios.tcgetattr(self.theirs) == self.before:
                return True
            time.sleep(0.01)  # by the guard, after the process's end
        return False

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.fd)
        os.close(self.theirs)


@pytest.fixture
def screen() -> Iterator[Screen]:
    made = Screen()
    try:
        made.wait_for(b"'op': 'shell'")
        yield made
    finally:
        made.close()


def test_keys_go_to_the_machine_and_its_answers_to_the_terminal(screen: Screen) -> None:
    assert b"6.12.0-test on rockpro64; `exit` or Ctrl-] ends it" in screen.seen
    assert b"{'op': 'shell', 'rows': 33, 'columns': 99}" in screen.seen
    screen.type(b"ls")
    screen.wait_for(b"[ls]")


def test_ctrl_c_goes_to_the_machine(screen: Screen) -> None:
    screen.type(b"\x03")
    screen.wait_for(b"[^C]")
    assert screen.process.poll() is None


def test_exit_ends_it_with_the_shells_status(screen: Screen) -> None:
    screen.type(b"exit")
    assert screen.status() == 3
    assert screen.restored()
    assert b"\x1e" not in screen.seen


def test_the_escape_ends_it(screen: Screen) -> None:
    screen.type(b"\x1d")
    screen.wait_for(b"kvmpmu: left")
    assert screen.status() == 0
    assert screen.restored()


def test_a_programs_own_bytes_are_shown(screen: Screen) -> None:
    screen.type(b"odd")
    screen.wait_for(b"no frame")
    screen.type(b"exit")
    assert screen.status() == 3


def test_a_shell_that_can_not_be_started_says_why(screen: Screen) -> None:
    screen.type(b"why")
    screen.wait_for(b"kvmpmu: no shell")
    assert screen.status() == 127


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        (b"panic", b"the lab VM ended before its shell"),
        (b"died", b"the agent's last message was {'died': 'SIGKILL'}"),
    ],
)
def test_a_machine_that_ends_first_is_a_failure(screen: Screen, keys: bytes, says: bytes) -> None:
    screen.type(keys)
    screen.wait_for(says)
    assert screen.status() == 1
    assert screen.restored()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_signal_leaves_the_terminal_as_it_was(screen: Screen, number: int) -> None:
    assert termios.tcgetattr(screen.theirs) != screen.before
    screen.process.send_signal(number)
    assert screen.status() == (-number if number == signal.SIGKILL else 128 + number)
    assert screen.restored()


def test_what_is_no_terminal_has_a_usual_size(tmp_path: Path) -> None:
    with (tmp_path / "file").open("w") as file:
        assert terminal.size(file.fileno()) == (24, 80)


def test_boot_needs_a_terminal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(*_: object, **__: object) -> Machine:
        raise AssertionError("no machine is needed")

    monkeypatch.setattr(lab, "start", start)
    with open(os.devnull) as nothing:  # noqa: PTH123 - a device, not a file
        monkeypatch.setattr(sys, "stdin", nothing)
        monkeypatch.setattr(sys, "stdout", nothing)
        assert commands.main(["lab", "boot", "6.12"]) == 4
    assert "needs a terminal" in capfd.readouterr().err
