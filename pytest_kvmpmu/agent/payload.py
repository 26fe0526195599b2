"""Guest payloads as the agent loads them: files of offsets and machine words."""

from __future__ import annotations

import struct
from pathlib import Path


def image(directory: Path, name: str) -> bytes:
    """The bytes of payload ``name``; FileNotFoundError where there is none."""
    code = bytearray()
    for line in (directory / f"{name}.words").read_text(encoding="ascii").splitlines():
        fields = line.partition("#")[0].split()
        if fields:
            offset, word = (int(part, 16) for part in fields)
            code.extend(bytes(offset + 4 - len(code)))
            struct.pack_into("<I", code, offset, word)
    return bytes(code)
