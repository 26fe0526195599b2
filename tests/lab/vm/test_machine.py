"""Messages to a machine whose QEMU is a shell script."""

from __future__ import annotations

import itertools
import os
import shlex
import time

import pytest

from pytest_kvmpmu.lab import Console, LabFailure, Machine
from pytest_kvmpmu.lab.vm.console import LINES_KEPT
from pytest_kvmpmu.support import deadline
from pytest_kvmpmu.wire.frame import encode

HELLO = shlex.quote(encode({"hello": 1}).decode())
PONG = shlex.quote(encode({"ok": {}}).decode())


def machine(script: str) -> Machine:
    return Machine(["sh", "-c", script])


def test_messages_come_in_order_and_stray_text_goes_to_the_console() -> None:
    with machine(f"echo early; printf %s {HELLO}{PONG}; echo late; read x") as vm:
        assert vm.receive(5) == {"hello": 1}
        assert vm.receive(5) == {"ok": {}}
        assert vm.console.tail().splitlines()[0] == "early"


def test_a_ping_that_is_answered_is_all_there_is_to_say() -> None:
    with machine(f"read ping; printf %s {PONG}; read x") as vm:
        vm.ping(5)


def test_a_machine_that_dies_shows_its_console_and_what_qemu_said() -> None:
    script = "echo 'Kernel panic - not syncing'; echo 'qemu: no' >&2"
    with (
        machine(script) as vm,
        pytest.raises(LabFailure) as caught,
    ):
        vm.receive(5)
    assert str(caught.value) == (
        "the lab VM died; last console lines:\nKernel panic - not syncing\nqemu: no"
    )


def test_a_machine_that_says_nothing_is_given_up() -> None:
    with machine("read x") as vm, pytest.raises(LabFailure, match="said nothing for 0 s; its con"):
        vm.receive(0.05)


def test_what_others_keep_it_from_running_does_not_count_but_in_wall_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(deadline, "_FIRST_LOOK", 0.01)

    def seconds(wall: bool) -> float:
        told = itertools.chain([{"1": 0.0}], itertools.repeat({"1": 0.5}))
        monkeypatch.setattr(deadline, "waits", lambda _pid: next(told))
        began = time.monotonic()
        with machine("read x") as vm, pytest.raises(LabFailure, match="said nothing for 0 s"):
            vm.receive(0.05, wall=wall)
        return time.monotonic() - began

    assert seconds(wall=False) >= 0.55
    assert 0.05 <= seconds(wall=True) < seconds(wall=False)


def test_a_wrong_answer_to_a_ping_is_a_failure() -> None:
    with (
        machine(f"read ping; printf %s {HELLO}; read x") as vm,
        pytest.raises(LabFailure, match="answered a ping with "),
    ):
        vm.ping(5)


def test_a_closed_machine_is_reaped() -> None:
    vm = machine("read x")
    vm.close()
    vm.close()
    with pytest.raises(ProcessLookupError):
        os.kill(vm.pid, 0)


def test_the_console_keeps_the_last_lines_without_empty_ones() -> None:
    console = Console()
    for number in range(LINES_KEPT + 10):
        console.append(f"line {number}\r\n\n")
    kept = console.tail().splitlines()
    assert len(kept) == LINES_KEPT
    assert kept[-1] == f"line {LINES_KEPT + 9}"
