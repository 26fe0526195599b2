"""Requests to a machine: the agent is real, without QEMU."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kvmpmu.lab import LabFailure, Machine
from pytest_kvmpmu.lab.vm import guest, parcel
from pytest_kvmpmu.wire.frame import encode

from ..local_machine import local_machine


@pytest.fixture
def vm(tmp_path: Path) -> Iterator[Machine]:
    with local_machine(tmp_path / "home") as machine:
        yield machine


class Output:
    def __init__(self) -> None:
        self.out: list[bytes] = []
        self.err: list[bytes] = []

    def run(self, vm: Machine, *argv: str, seconds: float = 20) -> int:
        return guest.run(vm, argv, [], seconds, self.out.append, self.err.append)


@pytest.fixture
def output() -> Output:
    return Output()


def test_a_command_has_its_output_and_its_status(vm: Machine, output: Output) -> None:
    assert output.run(vm, "sh", "-c", "echo out; echo err >&2; exit 3") == 3
    assert (b"".join(output.out), b"".join(output.err)) == (b"out\n", b"err\n")
    assert output.run(vm, "true") == 0


def test_output_comes_before_the_end(vm: Machine) -> None:
    seen: list[bytes] = []

    class Enough(Exception):
        pass

    def stop(chunk: bytes) -> None:
        seen.append(chunk)
        raise Enough

    with pytest.raises(Enough):
        guest.run(vm, ["sh", "-c", "echo first; sleep 100"], [], 20, stop, seen.append)
    assert seen == [b"first\n"]


def test_why_a_command_could_not_be_started_is_among_its_errors(
    vm: Machine, output: Output
) -> None:
    assert output.run(vm, "nosuch") == 127
    assert output.err == [b"kvmpmu: nosuch was not found in the lab VM\n"]


@pytest.mark.parametrize(
    "script", ["sleep 100", "while :; do echo x; done"], ids=["silent", "talking"]
)
def test_a_command_that_takes_too_long_is_left(vm: Machine, output: Output, script: str) -> None:
    with pytest.raises(guest.TimedOut):
        output.run(vm, "sh", "-c", script, seconds=0.3)


def test_a_machine_that_dies_meanwhile_is_a_failure(output: Output) -> None:
    with (
        Machine(["sh", "-c", "read x; echo 'Kernel panic'"]) as vm,
        pytest.raises(LabFailure, match="the lab VM died; last console lines:\nKernel panic"),
    ):
        output.run(vm, "true")


def answering(*messages: object) -> Machine:
    said = "".join(shlex.quote(encode(message).decode()) for message in messages)
    return Machine(["sh", "-c", f"read x; printf %s {said}; read x"])


@pytest.mark.parametrize("message", [[], {"crash": "a bug"}, {"died": "SIGSEGV"}])
def test_nonsense_for_a_status_is_a_failure(message: object, output: Output) -> None:
    with answering(message) as vm, pytest.raises(LabFailure, match="the agent answered"):
        output.run(vm, "true")


def test_a_damaged_message_is_a_failure(output: Output) -> None:
    frame = shlex.quote(encode({"exit": 0}).decode().replace("exit", "exIt"))
    with (
        Machine(["sh", "-c", f"read x; printf %s {frame}; read x"]) as vm,
        pytest.raises(LabFailure, match="a message from the lab VM is damaged"),
    ):
        output.run(vm, "true")


def test_empty_files_are_handed_over(vm: Machine, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.touch()
    packed = parcel.Parcel([parcel.Copy(source, str(tmp_path / "home/sub/new"), 0o640)])
    guest.hand_over(vm, packed)
    packed.close()
    assert (tmp_path / "home/sub/new").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ({"refused": "no room"}, "files cannot be copied into the lab VM: no room"),
        ({"error": "unknown op"}, "the agent answered .*unknown op"),
    ],
)
def test_files_that_are_refused_are_a_failure(message: object, says: str) -> None:
    packed = parcel.Parcel([])
    with answering(message) as vm, pytest.raises(LabFailure, match=says):
        guest.hand_over(vm, packed)
    packed.close()
