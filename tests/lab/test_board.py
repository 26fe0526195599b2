"""A board that boots: QEMU's command line and files, and why an own kernel stays silent."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from pytest_kvmpmu.lab import Console, LabFailure, board
from pytest_kvmpmu.lab.kernel.own import OwnKernel
from pytest_kvmpmu.lab.vm import devicetree, qemu
from pytest_kvmpmu.lab.vm.machine import Machine

from .conftest import BOARD
from .kernel.test_image import made as made_up

PANIC = "Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)"


class Booted:
    """A machine that was started with ``command``, and whose agent says nothing."""

    def __init__(self, command: list[str], fds: tuple[int, ...]) -> None:
        self.command, self.fds = command, fds
        self.console = Console()
        self.console.append(PANIC)
        self.silence: float | None = None

    def receive(self, _seconds: float, silence: float | None = None) -> Any:
        self.silence = silence
        raise LabFailure("the lab VM died")


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder for the board; QEMU's device tree and its machine are made up."""
    monkeypatch.setattr(qemu, "own_device_tree", lambda *_: b"qemu's")
    monkeypatch.setattr(devicetree, "board", lambda own, host: own + host.name.encode())
    monkeypatch.setattr(board, "Machine", Booted)
    return tmp_path


def made(scratch: Path, own: OwnKernel | None = None) -> board.Board:
    usable = qemu.Qemu("/bin/qemu", "9.1")
    return board.Board(usable, BOARD, "max", scratch / "Image", scratch, own)


def boot(one: board.Board) -> Booted:
    return cast(Booted, one.boot(b"initramfs", ["-more"], (5,)))


def own(scratch: Path) -> OwnKernel:
    return OwnKernel(made_up(), scratch / "Image", "max")


def test_qemu_is_given_cores_kernel_tree_and_initramfs(scratch: Path) -> None:
    machine = boot(made(scratch))
    assert machine.command[0] == "/bin/qemu"
    assert set(qemu.board_options(BOARD, "max")) <= set(machine.command)
    given = dict(zip(machine.command, machine.command[1:], strict=False))
    assert given["-kernel"] == str(scratch / "Image")
    assert Path(given["-dtb"]).read_bytes() == b"qemu's" + BOARD.name.encode()
    assert Path(given["-initrd"]).read_bytes() == b"initramfs"
    assert given["-append"] == qemu.KERNEL_PARAMETERS
    assert machine.command[-1] == "-more"
    assert machine.fds == (5,)


def test_an_own_kernel_has_parameters_of_its_own(scratch: Path) -> None:
    assert qemu.OWN_KERNEL_PARAMETERS in boot(made(scratch, own(scratch))).command


def test_a_kernel_of_debian_that_is_silent_is_just_that(scratch: Path) -> None:
    one = made(scratch)
    machine = boot(one)
    with pytest.raises(LabFailure) as caught:
        one.first_message(cast(Machine, machine))
    assert str(caught.value) == "the lab VM died"
    assert machine.silence is None
    assert one.lack(cast(Machine, machine), {"kvm": "missing", "pmus": []}) == ""


def test_an_own_kernel_that_is_silent_is_looked_into(scratch: Path) -> None:
    one = made(scratch, own(scratch))
    machine = boot(one)
    with pytest.raises(LabFailure) as caught:
        one.first_message(cast(Machine, machine))
    first, why = str(caught.value).split("\n")
    assert first == "the lab VM died"
    assert "CONFIG_BLK_DEV_INITRD" in why
    assert machine.silence is not None
    assert "without /dev/kvm" in one.lack(cast(Machine, machine), {"kvm": "missing", "pmus": []})
