"""Connects the user's terminal, in raw mode, to a lab VM's console; always restores its mode.

Not for: the shell in the guest (``agent.command.shell``).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import termios
import tty
from collections.abc import Iterator
from typing import Any

from ...wire.frame import RS, Decoder, Message
from .machine import Machine

# Ctrl-], as in telnet and virsh.
ESCAPE = b"\x1d"
_CHUNK = 1 << 16
# Restores the terminal even if this process is killed, which ends the guard's input.
# Its own session protects it from Ctrl-C, and from being stopped in the background.
_GUARD = 'cat >/dev/null; stty "$0" <&{fd}'


def size(fd: int) -> tuple[int, int]:
    """Rows and columns of the terminal ``fd``; 24 and 80 if it is not one."""
    try:
        columns, rows = os.get_terminal_size(fd)
    except OSError:
        return 24, 80
    return rows or 24, columns or 80


@contextlib.contextmanager
def raw(fd: int) -> Iterator[None]:
    """Put the terminal ``fd`` into raw mode; restores it at the end."""
    before = termios.tcgetattr(fd)
    saved = subprocess.run(["stty", "-g"], stdin=fd, stdout=subprocess.PIPE, check=True).stdout
    spare = os.dup(fd)  # the guard's standard input is the pipe
    try:
        guard = subprocess.Popen(
            ["sh", "-c", _GUARD.format(fd=spare), saved.decode().strip()],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            pass_fds=[spare],
        )
    finally:
        os.close(spare)
    try:
        with _ending_by_exception():
            tty.setraw(fd)
            yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)
        assert guard.stdin is not None  # PIPE
        guard.stdin.close()
        guard.wait()


@contextlib.contextmanager
def _ending_by_exception() -> Iterator[None]:
    """Make the signals that end a terminal's programs raise SystemExit."""

    def leave(number: int, _frame: Any) -> None:
        raise SystemExit(128 + number)

    numbers = (signal.SIGHUP, signal.SIGTERM)
    before = [signal.signal(number, leave) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def attach(machine: Machine, in_fd: int, out_fd: int) -> dict[str, Any] | None:
    """Pass everything between the terminal and the console.

    Returns the message with which the agent ends the session; None if the user left with
    `ESCAPE`, or the terminal is closed.  Raises `LabFailure` if the machine died.
    """
    screen = _Screen(out_fd)
    while True:
        for fd in select.select([machine.channel.read_fd, in_fd], [], [])[0]:
            chunk = os.read(fd, _CHUNK)
            if fd == machine.channel.read_fd:
                machine.check(bool(chunk), "the lab VM ended before its shell")
                if (message := screen.show(chunk)) is not None:
                    return message
            elif not chunk or ESCAPE in chunk:
                return None
            else:
                _write(machine.channel.write_fd, chunk)


class _Screen:
    """Shows the console's output, except frames."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._held = b""

    def show(self, chunk: bytes) -> dict[str, Any] | None:
        """Show ``chunk``; returns the message in it, if any."""
        self._held += chunk
        while self._held:
            text, mark, rest = self._held.partition(RS)
            _write(self._fd, text)
            frame, end, after = rest.partition(b"\n")
            if not end:
                self._held = mark + rest
                return None
            for event in Decoder().feed(mark + frame + end):
                if isinstance(event, Message):
                    return dict(event.body)
            _write(self._fd, frame + end)  # a program's, not the agent's
            self._held = after
        return None


def _write(fd: int, chunk: bytes) -> None:
    while chunk:
        chunk = chunk[os.write(fd, chunk) :]
