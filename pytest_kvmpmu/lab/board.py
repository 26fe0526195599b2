"""A board that can boot: QEMU, a kernel and the host's device tree.

Not for: what runs on it, or machines that resume (`resume`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..host import Host
from . import devicetree, qemu
from .machine import Machine


class Board:
    """``host`` as a board with the ``kernel`` (the path of an Image).

    Its device tree, which stays until the board is done with, and its initramfs, only while
    QEMU reads it, are files in the folder ``scratch``.
    """

    def __init__(self, usable: qemu.Qemu, host: Host, kernel: Path, scratch: Path) -> None:
        self._qemu = usable
        self._host = host
        self._kernel = kernel
        self._scratch = scratch
        self.tree = devicetree.board(qemu.own_device_tree(usable, host, scratch), host)

    def boot(
        self, initramfs: bytes, options: Sequence[str] = (), fds: Sequence[int] = ()
    ) -> Machine:
        """A machine that has begun to boot.  QEMU inherits ``fds``."""
        archive, tree = self._scratch / "initramfs", self._scratch / "board.dtb"
        archive.write_bytes(initramfs)
        tree.write_bytes(self.tree)
        command = [
            self._qemu.path,
            *qemu.board_options(self._host),
            *qemu.run_options(self._kernel, tree),
            *("-initrd", str(archive)),
            *options,
        ]
        return Machine(command, fds)
