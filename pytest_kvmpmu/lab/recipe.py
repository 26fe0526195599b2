"""What a snapshot is keyed by: all that it is made of.

Not for: making it (`prepare`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..host import Host
from . import agent_files, devicetree, qemu
from .cache import Cache, key_of, sum_of
from .lines import Line

# The files of a snapshot's entry.
RAM, DEVICE_TREE, STUB = "ram", "board.dtb", "stub"
USERSPACE = "user-space"
# Counts up when snapshots are made differently in a way that nothing below tells.
FORMAT = 1


@dataclass(frozen=True)
class Recipe:
    """One line on one board, with the QEMU at ``qemu_path``."""

    line: Line
    host: Host
    qemu_path: str

    @property
    def slot(self) -> str:
        """The folder of all snapshots of this line and board."""
        return f"snapshots/{self.line.name}-{key_of(self._board())[:8]}"

    def place(self, cache: Cache) -> str | None:
        """The place of the snapshot, or None where its parts were never fetched."""
        if self.line.own is not None:
            kernel: str | None = own_place(self.line.own)
        else:
            kernel = current(cache, self.line.name)
        base = current(cache, USERSPACE)
        return None if kernel is None or base is None else self.place_of(kernel, base)

    def place_of(self, kernel: str, base: str) -> str:
        """The place of the snapshot that is made of the entries ``kernel`` and ``base``."""
        program = Path(self.qemu_path).resolve()
        stat = program.stat()
        parts = (
            FORMAT,
            kernel,
            base,
            agent_files.sources_hash(),
            sum_of(Path(devicetree.__file__)),
            self._board(),
            [str(program), stat.st_size, stat.st_mtime_ns],
            qemu.board_options(self.host) + qemu.run_options(Path(), Path()),
        )
        return f"{self.slot}/{key_of(parts)}"

    def _board(self) -> list[Any]:
        pmus = [[pmu.compatible, sorted(pmu.cpus)] for pmu in self.host.pmus]
        return [len(self.host.cpus), pmus]


def current(cache: Cache, name: str) -> str | None:
    """The place of the entry that was current for a line, or `USERSPACE`, when last asked."""
    place = (cache.noted(f"current/{name}.json") or {}).get("place")
    return place if isinstance(place, str) else None


def own_place(image: Path) -> str:
    """The place of the entry for the user's own Image, as the file is now."""
    stat = image.stat()
    return f"kernels/own-{key_of(str(image), stat.st_size, stat.st_mtime_ns)}"
