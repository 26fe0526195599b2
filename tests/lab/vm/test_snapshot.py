"""Saving and resuming; QEMU is a thread that speaks QMP."""

from __future__ import annotations

import array
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.lab import LabFailure
from pytest_kvmpmu.lab.vm import snapshot


class FakeQemu:
    """Gives the answers in ``answers``; writes ``state`` to the target of a migration."""

    def __init__(self, state: bytes, closes: bool = True, **answers: dict[str, Any]) -> None:
        self.state = state
        self.closes = closes
        self.answers = answers
        self.asked: list[str] = []
        self.fds: list[int] = []
        self.ours, self.theirs = socket.socketpair()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        self.theirs.sendall(b'{"QMP": {}}\n')
        while True:
            text, ancillary, *_ = self.theirs.recvmsg(65536, socket.CMSG_SPACE(4))
            if not text:
                return
            for _, _, content in ancillary:
                self.fds += array.array("i", content)
            command = json.loads(text)["execute"]
            self.asked.append(command)
            answer = self.answers.get(command, {"return": {}})
            self.theirs.sendall(json.dumps(answer).encode() + b"\n")
            if command == "migrate" and "return" in answer:
                os.write(self.fds[0], self.state)
                if self.closes:
                    os.close(self.fds.pop(0))

    def close(self) -> None:
        self.ours.close()
        self.thread.join()
        self.theirs.close()
        for fd in self.fds:
            os.close(fd)


@pytest.fixture
def qemu(request: pytest.FixtureRequest) -> Iterator[FakeQemu]:
    fake = FakeQemu(*request.param[0], **request.param[1])
    yield fake
    fake.close()


DONE = {"query-migrate": {"return": {"status": "completed"}}}


@pytest.mark.parametrize("qemu", [((b"state" * 1000,), DONE)], indirect=True, ids=["good"])
def test_what_qemu_writes_is_the_file(qemu: FakeQemu, tmp_path: Path) -> None:
    snapshot.save(qemu.ours, tmp_path / "ram")
    assert (tmp_path / "ram").read_bytes() == b"state" * 1000
    assert qemu.asked[-2:] == ["migrate", "query-migrate"]
    assert qemu.asked.index("stop") < qemu.asked.index("getfd")


@pytest.mark.parametrize(
    ("qemu", "says"),
    [
        (
            ((b"",), {"migrate": {"error": {"desc": "no fd: here"}}}),
            "QEMU refused migrate: no fd: here",
        ),
        (
            ((b"half",), {"query-migrate": {"return": {"status": "failed", "error-desc": "no"}}}),
            "QEMU could not save the lab VM: no",
        ),
        (((b"half", False), DONE), "QEMU could not save the lab VM: it stopped writing"),
    ],
    indirect=["qemu"],
    ids=["refused", "failed", "hangs"],
)
def test_a_qemu_that_does_not_save_is_a_failure(
    qemu: FakeQemu, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "SECONDS", 1.0)
    with pytest.raises(LabFailure, match=f"^{says}$"):
        snapshot.save(qemu.ours, tmp_path / "ram")


PAUSED = {"query-status": {"return": {"status": "paused"}}}
READING = {"query-status": {"return": {"status": "inmigrate"}}}


@pytest.mark.parametrize("qemu", [((b"",), PAUSED)], indirect=True, ids=["paused"])
def test_a_machine_that_has_read_its_snapshot_is_let_run(qemu: FakeQemu) -> None:
    snapshot.wait_until_running(qemu.ours, 5)
    assert qemu.asked == ["qmp_capabilities", "query-status", "cont"]


@pytest.mark.parametrize("qemu", [((b"",), READING)], indirect=True, ids=["reading"])
def test_a_machine_that_is_still_reading_is_not_told_to_run(qemu: FakeQemu) -> None:
    with pytest.raises(LabFailure, match="did not read the snapshot within 0 s"):
        snapshot.wait_until_running(qemu.ours, 0.05)
    assert "cont" not in qemu.asked


@pytest.mark.parametrize(
    ("version", "uri"),
    [
        ("7.2.22 (Debian 1:7.2+dfsg-7)", "fd:7"),
        ("8.1.5", "fd:7"),
        ("8.2.0", "file:/dev/fd/7"),
        ("10.0.13 (Debian 1:10.0.13+ds-0+deb13u1)", "file:/dev/fd/7"),
        ("11.1.3", "file:/dev/fd/7"),
    ],
)
def test_each_qemu_reads_a_snapshot_in_the_way_that_it_has(version: str, uri: str) -> None:
    assert snapshot.resume_options(7, version) == ["-incoming", uri]
