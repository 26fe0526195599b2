"""A board that can boot: QEMU, a kernel and the host's device tree.

Not for: the programs that run on it, or machines that resume (`resume`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..data.host import Host
from .failure import LabFailure
from .kernel.own import SILENCE_SECONDS, OwnKernel
from .vm import devicetree, qemu
from .vm.machine import BOOT_SECONDS, Machine


class Board:
    """``host`` as a board of cores ``cpu`` with the ``kernel``, the path of an Image.

    ``own`` is set if the kernel is the user's own.  Device tree and initramfs are files in the
    folder ``scratch``.
    """

    def __init__(
        self,
        usable: qemu.Qemu,
        host: Host,
        cpu: str,
        kernel: Path,
        scratch: Path,
        own: OwnKernel | None = None,
    ) -> None:
        self._qemu = usable
        self._host = host
        self._cpu = cpu
        self._kernel = kernel
        self._scratch = scratch
        self._own = own
        self.tree = devicetree.board(qemu.own_device_tree(usable, host, cpu, scratch), host)

    def boot(
        self, initramfs: bytes, options: Sequence[str] = (), fds: Sequence[int] = ()
    ) -> Machine:
        """A machine that is booting.  QEMU inherits ``fds``."""
        archive, tree = self._scratch / "initramfs", self._scratch / "board.dtb"
        archive.write_bytes(initramfs)
        tree.write_bytes(self.tree)
        parameters = qemu.parameters(self._host, self._own is not None)
        command = [
            self._qemu.path,
            *qemu.board_options(self._host, self._cpu),
            *qemu.run_options(self._kernel, tree, parameters),
            *("-initrd", str(archive)),
            *options,
        ]
        return Machine(command, fds)

    def first_message(self, machine: Machine) -> Any:
        """The agent's first message.  Raises `LabFailure` with the cause, if it is known."""
        try:
            return machine.receive(BOOT_SECONDS, SILENCE_SECONDS if self._own else None)
        except LabFailure as failure:
            if self._own is None:
                raise
            why = self._own.why_no_agent(machine.console)
            raise LabFailure(f"{failure}\n{why}" if why else str(failure)) from failure

    def lack(self, machine: Machine, facts: dict[str, Any]) -> str:
        """What the machine that ``facts`` describe lacks; only checked for the user's kernels."""
        if self._own is None:
            return ""
        return self._own.lack(facts, len(self._host.booted().pmus), machine.console)
