"""A kernel file as a build leaves it, made into what QEMU boots: an uncompressed arm64 Image.

Formats: Documentation/arch/arm64/booting.rst for the Image, which may be compressed, wrapped
for EFI (zboot), or still be the vmlinux that it is copied out of.
Not for: what is configured in it (`kconfig`).
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
    """One gzip stream; a build may have appended something to it, like a device tree."""
    press = zlib.decompressobj(16 + zlib.MAX_WBITS)
    found = press.decompress(content)
    if not press.eof:
        raise EOFError("it was cut off")
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
# Other things that are called kernels: where, what stands there, and what it is.
_OTHERS = (
    (0x202, b"HdrS", "an x86 kernel (bzImage)"),
    (0x24, b"\x18\x28\x6f\x01", "a 32-bit Arm kernel (zImage)"),
    (48, b"RISCV\0\0\0", "a RISC-V kernel"),
    (56, b"RSC\x05", "a RISC-V kernel"),
    (0, b"\x27\x05\x19\x56", "a U-Boot uImage"),
    (0, b"\xd0\x0d\xfe\xed", "a device tree or a FIT image"),
    (0, b"070701", "an initramfs"),
    (0, b"!<arch>\n", "a package or an archive"),
    (0, b"MZ", "an EFI program that is no Linux Image"),
)
_MACHINES = {3: "x86", 40: "32-bit Arm", 62: "x86", 22: "s390", 21: "PowerPC", 243: "RISC-V"}
_ELF, _ELF64_LITTLE, _AARCH64 = b"\x7fELF", b"\x02\x01", 183
_EXECUTABLE, _PT_LOAD = (2, 3), 1
# An arm64 kernel is 20 to 60 MB; one with every debugging aid is not ten times that.
_MOST_BYTES = 1 << 30


def unpacked(content: bytes, origin: str) -> bytes:
    """The Image in ``content``, the file ``origin``.  `UsageProblem` where there is none."""
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
    raise _refused(origin, "is empty" if not content else "is no kernel that the lab knows")


def release(image: bytes, origin: str) -> str:
    """The release in the banner of ``image``, as ``uname -r`` says it.  `UsageProblem`."""
    banner = _BANNER.search(image)
    if banner is None:
        raise _refused(origin, "does not say which Linux it is")
    return banner[1].decode(errors="replace")


def page_kilobytes(image: bytes) -> int | None:
    """The page size that ``image`` is built for: 4, 16 or 64; None where it does not say."""
    return _PAGES.get(_flags(image) >> 1 & 3)


def _flags(image: bytes) -> int:
    return int(struct.unpack_from("<Q", image, _FLAGS_AT)[0])


def _checked(image: bytes, origin: str) -> bytes:
    if image[_MAGIC_AT : _MAGIC_AT + 4] != _MAGIC:
        raise _refused(origin, "is an arm64 program, but no Linux kernel")
    if _flags(image) & _BIG_ENDIAN:
        raise _refused(origin, "is a big-endian kernel, and the lab's user space little-endian")
    return image


def _decompressed(
    content: bytes, name: str, unpack: Callable[[bytes], bytes] | None, origin: str
) -> bytes:
    if unpack is None:
        raise UsageProblem(
            f"{origin} is compressed with {name}, which the lab does not unpack",
            f"Unpack it with the program {name}, or name the uncompressed Image beside it",
        )
    try:
        return unpack(content)
    except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
        raise _refused(origin, f"cannot be unpacked with {name}: {error}") from error


def _out_of_zboot(content: bytes, origin: str) -> bytes:
    """The payload of an EFI zboot image (drivers/firmware/efi/libstub/zboot-header.S)."""
    start, size = struct.unpack_from("<II", content, 8)
    if not 0 < start < start + size <= len(content):
        raise _refused(origin, "is an EFI zboot image that was cut off")
    return content[start : start + size]


def _out_of_elf(content: bytes, origin: str) -> bytes:
    """What ``objcopy -O binary`` makes of a vmlinux."""
    try:
        kind, machine = struct.unpack_from("<HH", content, 16)
        if content[4:6] != _ELF64_LITTLE or machine != _AARCH64:
            other = _MACHINES.get(machine, "another architecture's")
            raise _refused(origin, f"is an ELF file of {other}, not of arm64")
        if kind not in _EXECUTABLE:
            raise _refused(origin, "is an ELF file that cannot be run: an object, or a module")
        table, size, count = (
            *struct.unpack_from("<Q", content, 32),
            *struct.unpack_from("<HH", content, 54),
        )
        segments = [
            struct.unpack_from("<IIQQQQ", content, table + size * number) for number in range(count)
        ]
    except struct.error:
        raise _refused(origin, "is an ELF file that was cut off") from None
    loaded = [segment for segment in segments if segment[0] == _PT_LOAD and segment[5]]
    base = min((segment[4] for segment in loaded), default=0)
    flat = bytearray()
    for _, _, offset, _, address, length in sorted(loaded, key=lambda segment: segment[4]):
        at = address - base
        if offset + length > len(content):
            raise _refused(origin, "is an ELF file that was cut off")
        if at + length > _MOST_BYTES:
            raise _refused(origin, "is an ELF file whose parts lie too far apart for a kernel")
        flat.extend(bytes(max(0, at - len(flat))))
        flat[at : at + length] = content[offset : offset + length]
    return bytes(flat)


def _refused(origin: str, what: str) -> UsageProblem:
    return UsageProblem(f"{origin} {what}", _RIGHT)
