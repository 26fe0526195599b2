"""A machine that resumes from a snapshot.

Not for: what to do if it can't (`start`).
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .store.cache import Entry
from .store.recipe import DEVICE_TREE, RAM, STUB, Recipe
from .vm import qemu, snapshot
from .vm.machine import ANSWER_SECONDS, PING, Machine

if TYPE_CHECKING:
    from .vm.parcel import Parcel


def command(recipe: Recipe, entry: Entry, monitor: int, ram: int) -> list[str]:
    """QEMU's command line; it inherits a QMP ``monitor`` and the open snapshot file ``ram``."""
    return [
        recipe.qemu_path,
        *qemu.board_options(recipe.host, recipe.cpu),
        *qemu.run_options(entry.file(STUB), entry.file(DEVICE_TREE), recipe.parameters),
        *snapshot.options(monitor),
        *snapshot.resume_options(ram, entry.about["qemu"]),
    ]


def resume(recipe: Recipe, entry: Entry, parcel: Parcel | None = None) -> Machine:
    """The machine, running; its agent has answered once.  QEMU has read the ``parcel``.

    Raises `LabFailure` if it does not answer.  The snapshot file is checked at the same time.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs, entry.file(RAM).open("rb") as ram:
            started = command(recipe, entry, theirs.fileno(), ram.fileno())
            fds = [theirs.fileno(), ram.fileno()]
            if parcel is not None:
                started += parcel.options()
                fds.append(parcel.fd)
            machine = Machine(started, fds)
        try:
            with _checked(machine, entry):
                # Data sent earlier would go to a serial port that the snapshot then overwrites.
                with machine.quoted():
                    snapshot.wait_until_running(ours, snapshot.SECONDS)
                machine.send(PING)
            machine.receive_pong(ANSWER_SECONDS)
        except BaseException:  # Ctrl-C included: nothing else would close it
            machine.close()
            raise
    machine.line = recipe.line.name
    machine.kernel_release = entry.about["release"]
    machine.lack = entry.about.get("lack", "")
    return machine


@contextlib.contextmanager
def _checked(machine: Machine, entry: Entry) -> Iterator[None]:
    """Check the snapshot's file at the same time; if it is damaged, that explains other errors.

    QEMU and the agent run on other cores, if the host has more than one.
    """
    found: list[bool] = []
    beside = threading.Thread(target=lambda: found.append(entry.whole(RAM)))
    beside.start()
    try:
        yield
    finally:
        beside.join()
        machine.check(found == [True], "its snapshot is damaged")
