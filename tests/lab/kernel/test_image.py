"""Made-up kernel files of all kinds: which become an Image, and which are refused."""

from __future__ import annotations

import bz2
import gzip
import lzma
import struct

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.kernel import image

RELEASE = "6.13.0-rc2-mine+"


def made(flags: int = 0b1010, banner: str = f"Linux version {RELEASE} (me@here) #1 SMP") -> bytes:
    """An Image of a header and a banner."""
    header = struct.pack("<IIQQQQQQ4sI", 0x91005A4D, 0, 0, 1 << 20, flags, 0, 0, 0, b"ARM\x64", 0)
    return header + bytes(1000) + b"Linux version %s\0" + banner.encode() + bytes(500)


def zboot(payload: bytes, kind: bytes = b"gzip", cut: int = 0) -> bytes:
    """An EFI zboot image around ``payload``."""
    header = struct.pack("<4s4sIIII32s", b"MZ\0\0", b"zimg", 512, len(payload), 0, 0, kind)
    whole = header.ljust(512, b"\0") + payload + struct.pack("<I", 12345) + bytes(100)
    return whole[: len(whole) - cut]


def elf(content: bytes, machine: int = 183, kind: int = 3, parts: int = 3) -> bytes:
    """A vmlinux whose segments, one after the other with a gap in between, are ``content``."""
    base, start = 0xFFFF_8000_8000_0000, 4096
    step = -(-len(content) // parts)
    cut = [(at, content[at : at + step]) for at in range(0, len(content), step)]
    table = b"".join(
        struct.pack("<IIQQQQQQ", 1, 7, start + at, base + at, base + at, len(part), step, 4096)
        for at, part in reversed(cut)
    )
    # Not loaded: a note, and data that is zero at the start.
    table += struct.pack("<IIQQQQQQ", 4, 4, start, 64, 64, 8, 8, 4)
    table += struct.pack("<IIQQQQQQ", 1, 6, start, base + 9999, base + 9999, 0, 4096, 8)
    count = len(cut) + 2
    header = b"\x7fELF\x02\x01\x01".ljust(16, b"\0") + struct.pack(
        "<HHIQQQIHHHHHH", kind, machine, 1, base, 64, 0, 0, 64, 56, count, 64, 0, 0
    )
    return (header + table).ljust(start, b"\0") + content


PLAIN = made()


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        gzip.compress(PLAIN),
        gzip.compress(PLAIN) + b"\xd0\x0d\xfe\xed and a device tree",
        lzma.compress(PLAIN),
        lzma.compress(PLAIN, format=lzma.FORMAT_ALONE),
        bz2.compress(PLAIN),
        zboot(gzip.compress(PLAIN)),
        zboot(lzma.compress(PLAIN), b"xz"),
        gzip.compress(zboot(gzip.compress(PLAIN))),
        elf(PLAIN),
        elf(PLAIN, kind=2, parts=1),
        gzip.compress(elf(PLAIN)),
    ],
    ids=[
        "Image",
        "Image.gz",
        "Image.gz-dtb",
        "Image.xz",
        "Image.lzma",
        "Image.bz2",
        "vmlinuz.efi",
        "vmlinuz.efi, xz",
        "gzipped vmlinuz.efi",
        "vmlinux",
        "vmlinux of one part",
        "vmlinux.gz",
    ],
)
def test_a_kernel_in_any_wrapping_is_an_image(content: bytes) -> None:
    assert image.unpacked(content, "it") == PLAIN
    assert image.release(PLAIN, "it") == RELEASE


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"#!/bin/sh\n", "is not a kernel that the lab knows"),
        (bytes(0x202) + b"HdrS" + bytes(500), r"is an x86 kernel \(bzImage\)"),
        (b"MZ".ljust(0x202, b"\0") + b"HdrS", r"is an x86 kernel \(bzImage\)"),
        (bytes(0x24) + b"\x18\x28\x6f\x01", "is a 32-bit Arm kernel"),
        (b"MZ".ljust(48, b"\0") + b"RISCV\0\0\0RSC\x05", "is a RISC-V kernel"),
        (b"\x27\x05\x19\x56" + bytes(60), "is a U-Boot uImage"),
        (b"\xd0\x0d\xfe\xed" + bytes(60), "is a device tree or a FIT image"),
        (b"070701" + bytes(100), "is an initramfs"),
        (b"!<arch>\ndebian-binary", "is a package or an archive"),
        (b"MZ" + bytes(1000), "is an EFI program, not a Linux Image"),
        (gzip.compress(b"#!/bin/sh\n", mtime=0), "is not a kernel that the lab knows"),
        (gzip.compress(PLAIN, mtime=0)[:-20], "cannot be unpacked with gzip: it is truncated"),
        (lzma.compress(PLAIN)[:-20], "cannot be unpacked with xz"),
        (b"\x1f\x8b\x08garbage", "cannot be unpacked with gzip"),
        (b"\x28\xb5\x2f\xfd" + bytes(60), "is compressed with zstd.*Unpack it with"),
        (b"\x02\x21\x4c\x18" + bytes(60), "is compressed with lz4"),
        (zboot(b"\x28\xb5\x2f\xfd" + bytes(60), b"zstd"), "is compressed with zstd"),
        (zboot(gzip.compress(PLAIN, mtime=0), cut=150), "is a truncated EFI zboot image"),
        (made(flags=1), "is a big-endian kernel"),
        (elf(PLAIN, machine=62), "is an ELF file of x86, not of arm64"),
        (elf(PLAIN, machine=40), "is an ELF file of 32-bit Arm"),
        (elf(PLAIN, machine=1), "is an ELF file of another architecture's"),
        (elf(PLAIN, kind=1), "is an ELF file but not executable"),
        (elf(PLAIN)[:-600], "is a truncated ELF file"),
        (elf(PLAIN)[:100], "is a truncated ELF file"),
        (elf(bytes(5000)), "is an arm64 program, but not a Linux kernel"),
        (elf(PLAIN)[:18], "is a truncated ELF file"),
    ],
)
def test_what_is_no_kernel_for_the_lab_is_named(content: bytes, says: str) -> None:
    with pytest.raises(UsageProblem, match=f"^/path/it {says}"):
        image.unpacked(content, "/path/it")


def test_parts_that_lie_far_apart_are_not_put_together() -> None:
    whole = bytearray(elf(PLAIN, parts=2))
    struct.pack_into("<Q", whole, 64 + 24, 1 << 62)
    with pytest.raises(UsageProblem, match="too far apart"):
        image.unpacked(bytes(whole), "it")


def test_an_image_without_a_banner_is_refused() -> None:
    with pytest.raises(UsageProblem, match="has no Linux version banner"):
        image.release(made(banner="Linux"), "it")


@pytest.mark.parametrize(("bits", "size"), [(0, None), (1, 4), (2, 16), (3, 64)])
def test_the_page_size_is_read(bits: int, size: int | None) -> None:
    assert image.page_kilobytes(made(8 | bits << 1)) == size
