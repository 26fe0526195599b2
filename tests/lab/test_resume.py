"""A machine that goes on from a snapshot, where QEMU is not there."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_kvmpmu.lab import LabFailure, resume
from pytest_kvmpmu.lab.lines import load
from pytest_kvmpmu.lab.store.cache import Cache, Entry
from pytest_kvmpmu.lab.store.recipe import DEVICE_TREE, RAM, STUB, Recipe
from pytest_kvmpmu.lab.vm import snapshot
from pytest_kvmpmu.lab.vm.machine import PING

from .conftest import BOARD, LINE

RECIPE = Recipe(load(LINE), BOARD, "/bin/qemu", "max")


class Qemu:
    """A machine that notes what is asked of it; ``last`` is the one that was started."""

    last: Qemu
    answers = True

    def __init__(self, command: list[str], fds: list[int]) -> None:
        self.command = command
        self.inherited = [os.fstat(fd).st_ino for fd in fds]
        self.sent: list[object] = []
        self.closed = False
        type(self).last = self

    @contextlib.contextmanager
    def quoted(self) -> Iterator[None]:
        yield

    def send(self, message: object) -> None:
        self.sent.append(message)

    def receive_pong(self, _seconds: float) -> None:
        if not self.answers:
            raise LabFailure("the lab VM said nothing")

    def check(self, good: bool, otherwise: str) -> None:
        if not good:
            raise LabFailure(otherwise)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def entry(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> Entry:
    """A snapshot; the machine that it makes is made up."""

    def build(folder: Path) -> dict[str, Any]:
        for name in (RAM, DEVICE_TREE, STUB):
            (folder / name).write_bytes(name.encode() * 100)
        return {"qemu": "9.1.0", "release": "5.10.1", "lack": "it has no PMU"}

    monkeypatch.setattr(resume, "Machine", Qemu)
    monkeypatch.setattr(snapshot, "wait_until_running", lambda *_: None)
    return cache.make("snapshots/x/y", build)


def test_a_machine_is_pinged_when_it_runs_and_knows_its_kernel(entry: Entry) -> None:
    machine = resume.resume(RECIPE, entry)
    assert cast(Qemu, machine).sent == [PING]
    assert not cast(Qemu, machine).closed
    assert (machine.line, machine.kernel_release) == (LINE, "5.10.1")
    assert machine.lack == "it has no PMU"


def test_qemu_inherits_the_snapshots_file(entry: Entry) -> None:
    resume.resume(RECIPE, entry)
    assert entry.file(RAM).stat().st_ino in Qemu.last.inherited
    assert str(entry.file(STUB)) in Qemu.last.command
    assert str(entry.file(DEVICE_TREE)) in Qemu.last.command
    assert Qemu.last.command[0] == "/bin/qemu"


def test_an_agent_that_does_not_answer_ends_the_machine(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Qemu, "answers", False)
    with pytest.raises(LabFailure, match="said nothing"):
        resume.resume(RECIPE, entry)
    assert Qemu.last.closed


def test_a_damaged_snapshot_explains_whatever_went_wrong(
    entry: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise LabFailure("QEMU did not read the snapshot")

    monkeypatch.setattr(snapshot, "wait_until_running", fails)
    entry.file(RAM).write_bytes(b"another" * 100)
    with pytest.raises(LabFailure, match="its snapshot is damaged"):
        resume.resume(RECIPE, entry)
    assert Qemu.last.closed


def test_ctrl_c_ends_the_machine(entry: Entry, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(snapshot, "wait_until_running", interrupt)
    with pytest.raises(KeyboardInterrupt):
        resume.resume(RECIPE, entry)
    assert Qemu.last.closed
