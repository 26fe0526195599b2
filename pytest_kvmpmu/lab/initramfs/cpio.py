"""A cpio archive in the "newc" format, which the kernel unpacks as its initramfs.

Deterministic: sorted names, no times, everything owned by root.
The format: Documentation/driver-api/early-userspace/buffer-format.rst.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_TRAILER = "TRAILER!!!"


@dataclass(frozen=True)
class Member:
    """A file (``content``), a link (``content`` is its target) or, with no content, a folder."""

    mode: int
    content: bytes = b""


def file(content: bytes, executable: bool = False) -> Member:
    """A regular file."""
    return Member(stat.S_IFREG | (0o755 if executable else 0o644), content)


def link(target: str) -> Member:
    """A symbolic link to ``target``."""
    return Member(stat.S_IFLNK | 0o777, target.encode())


FOLDER = Member(stat.S_IFDIR | 0o755)


def archive(members: Mapping[str, Member]) -> bytes:
    """``members`` (by path, without a leading slash) and their folders, as one archive."""
    whole = dict(members)
    for path in members:
        for end, letter in enumerate(path):
            if letter == "/":
                whole.setdefault(path[:end], FOLDER)
    chunks = [_entry(number, path, whole[path]) for number, path in enumerate(sorted(whole), 1)]
    chunks.append(_entry(0, _TRAILER, Member(0)))
    return b"".join(chunks)


def _entry(inode: int, path: str, member: Member) -> bytes:
    name = path.encode() + b"\0"
    links = 2 if stat.S_ISDIR(member.mode) else 1
    fields = (
        inode, member.mode, 0, 0, links, 0, len(member.content),
        0, 0, 0, 0, len(name), 0,
    )  # fmt: skip
    head = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(head + name) + _padded(member.content)


def _padded(chunk: bytes) -> bytes:
    return chunk + bytes(-len(chunk) % 4)


def read(archived: bytes) -> Iterator[tuple[str, Member]]:
    """The members of an archive, in order.  Raises ValueError if it is not one."""
    at = 0
    while True:
        if archived[at : at + 6] != b"070701":
            raise ValueError(f"no newc entry at byte {at}")
        fields = [int(archived[n : n + 8], 16) for n in range(at + 6, at + 110, 8)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        start = at + 110
        path = archived[start : start + name_size - 1].decode()
        if path == _TRAILER:
            return
        start += name_size + -(110 + name_size) % 4
        yield path, Member(mode, archived[start : start + size])
        at = start + size + -size % 4
