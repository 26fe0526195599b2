"""Converts a built kernel file to what QEMU boots: an uncompressed arm64 Image.

Formats: the Image (Documentation/arch/arm64/booting.rst), plain, compressed or wrapped for EFI
(zboot), or the vmlinux that it is made from.
Not for: its configuration (`kconfig`).
"""

from __future__ import annotations

import bz2
import lzma
import re
import struct
import zlib
from collections.abc import Callable

from ...errors import UsageProblem

_RIGHT = "Name the arch/arm64/boot/Image of a kernel build, or its Image.gz, vmlinuz.efi or vmlinux"
_BANNER = re.compile(rb"Linux version (\d+\.\d+\S*) ")
# Where the magic number of an Image is, and its flags.
_MAGIC_AT, _MAGIC, _FLAGS_AT = 56, b"ARM\x64", 24
_BIG_ENDIAN = 1
_PAGES = {1: 4, 2: 16, 3: 64}


def _gunzipped(content: bytes) -> bytes:
    """The first gzip stream; a build may have appended something, like a device tree."""
    press = zlib.decompressobj(16 + zlib.MAX_WBITS)
    found = press.decompress(content)
    if not press.eof:
        raise EOFError("it is truncated")
    return found


_UNPACK: tuple[tuple[bytes, str, Callable[[bytes], bytes] | None], ...] = (
    (b"\x1f\x8b", "gzip", _gunzipped),
    (b"\xfd7zXZ\0", "xz", lzma.decompress),
    (b"\x5d\0\0", "lzma", lzma.decompress),
    (b"BZh", "bzip2", bz2.decompress),
    (b"\x28\xb5\x2f\xfd", "zstd", None),
    (b"\x02\x21\x4c\x18", "lz4", None),
    (b"\x04\x22\x4d\x18", "lz4", None),
    (b"\x89LZO", "lzop", None),
)
# Other files that may be taken for a kernel: offset, magic number, description.
_OTHERS = (
    (0x202, b"HdrS", "an x86 kernel (bzImage)"),
    (0x24, b"\x18\x28\x6f\x01", "a 32-bit Arm kernel (zImage)"),
    (48, b"RISCV\0\0\0", "a RISC-V kernel"),
    (56, b"RSC\x05", "a RISC-V kernel"),
    (0, b"\x27\x05\x19\x56", "a U-Boot uImage"),
    (0, b"\xd0\x0d\xfe\xed", "a device tree or a FIT image"),
    (0, b"070701", "an initramfs"),
    (0, b"!<arch>\n", "a package or an archive"),
    (0, b"MZ", "an EFI program, not a Linux Image"),
)
_MACHINES = {3: "x86", 40: "32-bit Arm", 62: "x86", 22: "s390", 21: "PowerPC", 243: "RISC-V"}
_ELF, _ELF64_LITTLE, _AARCH64 = b"\x7fELF", b"\x02\x01", 183
_EXECUTABLE, _PT_LOAD = (2, 3), 1
# An arm64 kernel is 20 to 60 MB; with every debugging option less than ten times that.
_MOST_BYTES = 1 << 30


def unpacked(content: bytes, origin: str) -> bytes:
    """The Image in ``content`` of the file ``origin``.  Raises `UsageProblem` if it has none."""
    if content[_MAGIC_AT : _MAGIC_AT + 4] == _MAGIC:
        return _checked(content, origin)
    if content[:2] == b"MZ" and content[4:8] == b"zimg":
        return unpacked(_out_of_zboot(content, origin), origin)
    for magic, name, unpack in _UNPACK:
        if content.startswith(magic):
            return unpacked(_decompressed(content, name, unpack, origin), origin)
    if content.startswith(_ELF):
        return _checked(_out_of_elf(content, origin), origin)
    for at, magic, what in _OTHERS:
        if content[at : at + len(magic)] == magic:
            raise _refused(origin, f"is {what}")
    raise _refused(origin, "is empty" if not content else "is not a kernel that the lab knows")


def release(image: bytes, origin: str) -> str:
    """The release in the banner, as ``uname -r`` prints it.  Raises `UsageProblem`."""
    banner = _BANNER.search(image)
    if banner is None:
        raise _refused(origin, "has no Linux version banner")
    return banner[1].decode(errors="replace")


def page_kilobytes(image: bytes) -> int | None:
    """The page size of ``image`` in kB: 4, 16 or 64; None if its header does not say."""
    return _PAGES.get(_flags(image) >> 1 & 3)


def _flags(image: bytes) -> int:
    return int(struct.unpack_from("<Q", image, _FLAGS_AT)[0])


def _checked(image: bytes, origin: str) -> bytes:
    if image[_MAGIC_AT : _MAGIC_AT + 4] != _MAGIC:
        raise _refused(origin, "is an arm64 program, but not a Linux kernel")
    if _flags(image) & _BIG_ENDIAN:
        raise _refused(origin, "is a big-endian kernel, but the lab's user space is little-endian")
    return image


def _decompressed(
    content: bytes, name: str, unpack: Callable[[bytes], bytes] | None, origin: str
) -> bytes:
    if unpack is None:
        raise UsageProblem(
            f"{origin} is compressed with {name}, which the lab does not support",
            f"Unpack it with the program {name}, or name the uncompressed Image of that build",
        )
    try:
        return unpack(content)
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        raise _refused(origin, f"cannot be unpacked with {name}: {error}") from error


def _out_of_zboot(content: bytes, origin: str) -> bytes:
    """The payload of an EFI zboot image (drivers/firmware/efi/libstub/zboot-header.S)."""
    start, size = struct.unpack_from("<II", content, 8)
    if not 0 < start < start + size <= len(content):
        raise _refused(origin, "is a truncated EFI zboot image")
    return content[start : start + size]


def _out_of_elf(content: bytes, origin: str) -> bytes:
    """The Image of a vmlinux, as ``objcopy -O binary`` makes it."""
    try:
        kind, machine = struct.unpack_from("<HH", content, 16)
        if content[4:6] != _ELF64_LITTLE or machine != _AARCH64:
            other = _MACHINES.get(machine, "another architecture's")
            raise _refused(origin, f"is an ELF file of {other}, not of arm64")
        if kind not in _EXECUTABLE:
            raise _refused(origin, "is an ELF file but not executable: an object file or a module")
        table, size, count = (
            *struct.unpack_from("<Q", content, 32),
            *struct.unpack_from("<HH", content, 54),
        )
        segments = [
            struct.unpack_from("<IIQQQQ", content, table + size * number) for number in range(count)
        ]
    except struct.error:
        raise _refused(origin, "is a truncated ELF file") from None
    loaded = [segment for segment in segments if segment[0] == _PT_LOAD and segment[5]]
    base = min((segment[4] for segment in loaded), default=0)
    flat = bytearray()
    for _, _, offset, _, address, length in sorted(loaded, key=lambda segment: segment[4]):
        at = address - base
        if offset + length > len(content):
            raise _refused(origin, "is a truncated ELF file")
        if at + length > _MOST_BYTES:
            raise _refused(origin, "is an ELF file whose segments are too far apart for a kernel")
        flat.extend(bytes(max(0, at - len(flat))))
        flat[at : at + length] = content[offset : offset + length]
    return bytes(flat)


def _refused(origin: str, what: str) -> UsageProblem:
    return UsageProblem(f"{origin} {what}", _RIGHT)
