"""Guest payloads as the agent loads them: files of offsets and machine words."""

from __future__ import annotations

import functools
import struct
from pathlib import Path


@functools.lru_cache(maxsize=None)
def image(directory: Path, name: str) -> bytes:
    """The bytes of payload ``name``.  Raises FileNotFoundError if it does not exist."""
    code = bytearray()
    for line in (directory / f"{name}.words").read_text(encoding="ascii").splitlines():
        fields = line.partition("#")[0].split()
        if fields:
            offset, word = (int(part, 16) for part in fields)
            code.extend(bytes(offset + 4 - len(code)))
            struct.pack_into("<I", code, offset, word)
    return bytes(code)


def read_all(directory: Path) -> None:
    """Read all payloads now, so that `image` reads no file later."""
    for file in directory.glob("*.words"):
        image(directory, file.stem)
