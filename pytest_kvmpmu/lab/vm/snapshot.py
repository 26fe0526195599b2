"""Saving a running machine: QEMU writes its state to a file, over QMP.

The machine is stopped first: if it kept running on a busy host, QEMU 7.2 wrote a file whose
kernel crashed soon after each resume.

Not for: what the snapshot depends on (`prepare`).
"""

from __future__ import annotations

import json
import os
import select
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..failure import LabFailure

SECONDS = 60.0
_FD_NAME = "snapshot"
_CHUNK = 1 << 20
_READS_FILES = (8, 2)
# Bytes per second: more than any disk reaches.
_BANDWIDTH = 1 << 40


def options(fd: int) -> list[str]:
    """QEMU options for a QMP monitor on the inherited socket ``fd``."""
    return ["-chardev", f"socket,id=qmp,fd={fd}", "-qmp", "chardev:qmp"]


def resume_options(fd: int, version: str) -> list[str]:
    """QEMU options that start it from the inherited open snapshot file ``fd``.

    ``version`` is QEMU's: before 8.2 it can't read a file by name, from 11.1 by descriptor.
    """
    by_name = tuple(map(int, version.split(".")[:2])) >= _READS_FILES
    return ["-incoming", f"file:/dev/fd/{fd}" if by_name else f"fd:{fd}"]


def save(monitor: socket.socket, path: Path) -> None:
    """Write the state of the machine behind ``monitor`` to ``path``.

    The machine stays stopped.  Raises `LabFailure` if QEMU can't.
    """
    monitor.settimeout(SECONDS)
    qmp = _Qmp(monitor)
    qmp.ask("stop")
    # Through a pipe: before 8.2 QEMU can't write to a named file, from 11.1 not to a descriptor.
    read_fd, write_fd = os.pipe()
    try:
        try:
            qmp.ask("getfd", {"fdname": _FD_NAME}, [write_fd])
        finally:
            os.close(write_fd)
        qmp.ask("migrate-set-parameters", {"max-bandwidth": _BANDWIDTH})
        qmp.ask("migrate", {"uri": f"fd:{_FD_NAME}"})
        deadline = time.monotonic() + SECONDS
        with path.open("wb") as file:
            while chunk := _read(read_fd, deadline):
                file.write(chunk)
    finally:
        os.close(read_fd)
    while True:
        now = qmp.ask("query-migrate")
        if now.get("status") == "completed":
            return
        if now.get("status") in ("failed", "cancelled") or time.monotonic() > deadline:
            raise LabFailure(f"QEMU could not save the lab VM: {now.get('error-desc', now)}")
        time.sleep(0.02)  # the end of a migration must be polled


def _read(fd: int, deadline: float) -> bytes:
    if not select.select([fd], [], [], max(0, deadline - time.monotonic()))[0]:
        raise LabFailure("QEMU could not save the lab VM: it stopped writing")
    return os.read(fd, _CHUNK)


def wait_until_running(monitor: socket.socket, seconds: float) -> None:
    """Wait until the machine behind ``monitor`` has read its snapshot, then let it run."""
    monitor.settimeout(seconds)
    qmp = _Qmp(monitor)
    # An earlier cont has no effect: the state in the snapshot, stopped, would replace it.
    deadline = time.monotonic() + seconds
    while qmp.ask("query-status")["status"] == "inmigrate":
        if time.monotonic() > deadline:
            raise LabFailure(f"QEMU did not read the snapshot within {seconds:.0f} s")
        time.sleep(0.002)  # the end of a migration must be polled
    qmp.ask("cont")


class _Qmp:
    """Just enough of QMP: one command, one answer."""

    def __init__(self, monitor: socket.socket) -> None:
        self._monitor = monitor
        self._buffer = b""
        self._line()  # the greeting
        self.ask("qmp_capabilities")

    def ask(
        self, command: str, arguments: dict[str, Any] | None = None, fds: Sequence[int] = ()
    ) -> dict[str, Any]:
        text = json.dumps({"execute": command, "arguments": arguments or {}}).encode()
        try:
            socket.send_fds(self._monitor, [text], fds)
        except OSError as error:
            raise LabFailure(f"QEMU does not accept {command}: {error}") from error
        while True:
            answer = self._line()
            if "return" in answer:
                return dict(answer["return"])
            if "error" in answer:
                raise LabFailure(f"QEMU refused {command}: {answer['error']['desc']}")

    def _line(self) -> dict[str, Any]:
        while b"\n" not in self._buffer:
            try:
                chunk = self._monitor.recv(65536)
            except OSError as error:
                raise LabFailure(f"QEMU's monitor does not answer: {error}") from error
            if not chunk:
                raise LabFailure("QEMU closed its monitor")
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        return dict(json.loads(line))
