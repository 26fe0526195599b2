"""The key of a snapshot: everything that it is made of.

Not for: making it (`prepare`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...data.host import Host
from ..initramfs import agent_files
from ..lines import Line
from ..vm import cpu, devicetree, hardware, qemu
from .cache import Cache, key_of, sum_of

# The files of a snapshot's entry.
RAM, DEVICE_TREE, STUB = "ram", "board.dtb", "stub"
USERSPACE = "user-space"
# Increase it when snapshots are made differently and nothing below shows that.
FORMAT = 3


@dataclass(frozen=True)
class Recipe:
    """One line on one board, with the QEMU at ``qemu_path``; all its cores are a ``cpu``."""

    line: Line
    host: Host
    qemu_path: str
    cpu: str

    @property
    def what(self) -> str:
        """What is made, as readable text."""
        board = f"{self.line.name} on {self.host.name}"
        return board if self.cpu == cpu.DEFAULT else f"{board}, a {self.cpu}"

    @property
    def parameters(self) -> str:
        """The kernel's command line."""
        return qemu.parameters(self.host, self.line.own is not None)

    @property
    def slot(self) -> str:
        """The folder of all snapshots of this line and board."""
        return f"snapshots/{self.line.name}-{key_of(self._board())[:8]}"

    def place(self, cache: Cache) -> str | None:
        """The place of the snapshot, or None if its parts were never fetched."""
        places = stocked(cache, self.line)
        return None if places is None else self.place_of(*places)

    def place_of(self, kernel: str, base: str) -> str:
        """The place of the snapshot with the entries ``kernel`` and ``base``."""
        parts = perishable(kernel, base, self.qemu_path)
        options = qemu.board_options(self.host, self.cpu)
        options += qemu.run_options(Path(), Path(), self.parameters)
        return f"{self.slot}/{key_of(FORMAT, parts, self._board(), options)}"

    def _board(self) -> list[Any]:
        host = self.host
        pmus = [[pmu.compatible, sorted(pmu.covers)] for pmu in host.pmus]
        return [len(host.present), pmus, self.cpu, hardware.gic(host), hardware.parameters(host)]


def stocked(cache: Cache, line: Line) -> tuple[str, str] | None:
    """The places of the line's kernel and of the user space; None if never fetched."""
    kernel = current(cache, line.name) if line.own is None else own_place(line.own)
    base = current(cache, USERSPACE)
    return None if kernel is None or base is None else (kernel, base)


def perishable(kernel: str, base: str, qemu_path: str) -> dict[str, Any]:
    """The parts of a snapshot that may change or disappear, as JSON values."""
    program = Path(qemu_path).resolve()
    stat = program.stat()
    return {
        "kernel": kernel,
        "user space": base,
        "agent": agent_files.sources_hash(),
        "device tree": [sum_of(path) for path in devicetree.SOURCES],
        "qemu": [str(program), stat.st_size, stat.st_mtime_ns],
    }


def current(cache: Cache, name: str) -> str | None:
    """The place of the current entry of a line, or of `USERSPACE`, as last noted."""
    place = (cache.noted(f"current/{name}.json") or {}).get("place")
    return place if isinstance(place, str) else None


def own_place(image: Path) -> str:
    """The place of the entry for the user's own Image, in its present state."""
    stat = image.stat()
    return f"kernels/own-{key_of(str(image), stat.st_size, stat.st_mtime_ns)}"
