"""Writes the files that the host passes to a lab VM; QEMU passes them as one piece.

``{"op": "take", "files": [{"path": P, "mode": M, "size": S}...], "crc32": C}``: the piece
is the contents one after the other, C is its CRC-32.  Missing folders are created.
The answer is ``{"ok": {}}`` or ``{"refused": why}``.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any, Iterable

from .fw_cfg import CannotRead, FwCfg, Memory, Registers

NAME = "opt/org.kvmpmu/files"
MEMORY = Path("/proc/meminfo")
# Memory to leave for the kernel and the command, in bytes.
SPARE = 24 << 20


def take(request: dict[str, Any]) -> dict[str, Any]:
    """Carry out the request; return the answer."""
    total = sum(file["size"] for file in request["files"])
    try:
        room = _available() - SPARE
        if total > room:
            raise CannotRead(f"they have {_mb(total)}, the lab VM has room for {_mb(room)}")
        source = Source(FwCfg(Memory(), Registers()).read(NAME) if total else ())
        for file in request["files"]:
            _write(file, source)
    except CannotRead as error:
        return {"refused": str(error)}
    if source.sum != request["crc32"]:
        return {"refused": "they arrived damaged"}
    return {"ok": {}}


class Source:
    """The pieces as one stream; ``sum`` is the CRC-32 of the pieces begun so far."""

    def __init__(self, pieces: Iterable[memoryview]) -> None:
        self._pieces = iter(pieces)
        self._piece = memoryview(b"")
        self.sum = 0

    def some(self, most: int) -> memoryview:
        """The next bytes: at least one, at most ``most``."""
        if not self._piece:
            self._piece = next(self._pieces, self._piece)
            if not self._piece:
                raise CannotRead("QEMU's piece ends too early")
            self.sum = zlib.crc32(self._piece, self.sum)
        some, self._piece = self._piece[:most], self._piece[most:]
        return some


def _write(file: dict[str, Any], source: Source) -> None:
    path, left = Path(file["path"]), file["size"]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            while left:
                some = source.some(left)
                target.write(some)
                left -= len(some)
        path.chmod(file["mode"])
    except OSError as error:
        raise CannotRead(f"{path}: {error.strerror}") from error


def _available() -> int:
    with MEMORY.open() as lines:
        for line in lines:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) << 10
    raise CannotRead(f"{MEMORY} does not say how much memory is available")


def _mb(count: int) -> str:
    return f"{max(count, 0) / 1e6:.0f} MB"
