"""Which shared libraries a 64-bit little-endian ELF file needs.

Not for: anything else in an ELF file.
"""

from __future__ import annotations

import struct

_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB = 1, 5


def needed(content: bytes) -> list[str]:
    """The names in DT_NEEDED, and the interpreter's file name; [] if it is not an ELF file."""
    if content[:6] != b"\x7fELF\x02\x01":
        return []
    table, size, count = (
        *struct.unpack_from("<Q", content, 32),
        *struct.unpack_from("<HH", content, 54),
    )
    segments = [
        struct.unpack_from("<IIQQQQ", content, table + size * number) for number in range(count)
    ]
    names = []
    entries: list[tuple[int, int]] = []
    for kind, _flags, offset, _address, _physical, length in segments:
        if kind == _PT_INTERP:
            names.append(_string(content, offset).rpartition("/")[2])
        if kind == _PT_DYNAMIC:
            entries = list(struct.iter_unpack("<QQ", content[offset : offset + length // 16 * 16]))
    strings = next((value for tag, value in entries if tag == _DT_STRTAB), 0)
    for kind, _flags, offset, address, _physical, length in segments:
        if kind == _PT_LOAD and address <= strings < address + length:
            strings += offset - address
            break
    return names + [
        _string(content, strings + value) for tag, value in entries if tag == _DT_NEEDED
    ]


def _string(content: bytes, at: int) -> str:
    return content[at : content.index(b"\0", at)].decode()
