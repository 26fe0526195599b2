"""Reading what an ELF file needs."""

from __future__ import annotations

import os
import struct

from pytest_kvmpmu.lab.initramfs import elf


def made() -> bytes:
    """A file with an interpreter and one needed library, at an address unlike its offset."""
    strings = b"\0libgood.so.1\0/lib/ld-good.so.1\0"
    address, start = 0x10000, 64 + 3 * 56
    dynamic = struct.pack("<6Q", 1, 1, 5, address + start, 0, 0)
    at = start + len(strings)
    head = b"\x7fELF\x02\x01".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 3, 183, 1, 0, 64, 0, 0, 64, 56, 3, 0, 0, 0)
    segments = b"".join(
        struct.pack("<IIQQQQQQ", kind, 4, offset, address + offset, 0, size, size, 8)
        for kind, offset, size in (
            (1, 0, at + len(dynamic)),
            (2, at, len(dynamic)),
            (3, start + strings.index(b"/"), 18),
        )
    )
    return head + segments + strings + dynamic


def test_the_interpreter_and_the_libraries_are_found() -> None:
    assert elf.needed(made()) == ["ld-good.so.1", "libgood.so.1"]


def test_what_is_no_elf_file_needs_nothing() -> None:
    assert elf.needed(b"import os\n") == []
    assert elf.needed(os.urandom(3)) == []
