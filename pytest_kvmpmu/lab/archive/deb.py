"""A Debian package file, without dpkg: an ``ar`` archive with a tar archive of the files in it.

The format: deb(5).  Not for: control files, or which files are wanted (`packages`).
"""

from __future__ import annotations

import contextlib
import gzip
import lzma
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, cast

from ...errors import UsageProblem
from ..failure import LabFailure

_MAGIC = b"!<arch>\n"
_HEAD = 60


class _Member:
    """The bytes of one ``ar`` member, read from the current position of the file."""

    def __init__(self, file: IO[bytes], size: int) -> None:
        self._file = file
        self._left = size

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(self._left if size < 0 else min(size, self._left))
        self._left -= len(chunk)
        return chunk


@contextlib.contextmanager
def files(package: Path) -> Iterator[IO[bytes]]:
    """The tar archive of a package's files, unpacked while it is read.

    Raises `LabFailure` if the file is not a package, or is truncated.
    """
    with package.open("rb") as file:
        name, size = _find(file, package)
        opener = _opener(name.removeprefix("data.tar"), package)
        yield opener(cast(IO[bytes], _Member(file, size)))


def _find(file: IO[bytes], package: Path) -> tuple[str, int]:
    """The name and size of the member with the files; leaves ``file`` at its beginning."""
    if file.read(len(_MAGIC)) != _MAGIC:
        raise LabFailure(f"{package.name} cannot be unpacked: it is not a Debian package")
    while len(head := file.read(_HEAD)) == _HEAD:
        name = head[:16].decode("ascii", "replace").rstrip(" /")
        number = head[48:58].strip()
        if head[58:] != b"`\n" or not number.isdigit():
            break
        if package.stat().st_size < file.tell() + int(number):
            break
        if name.startswith("data.tar"):
            return name, int(number)
        file.seek(int(number) + int(number) % 2, 1)
    raise LabFailure(f"{package.name} cannot be unpacked: it is truncated or damaged")


def _opener(suffix: str, package: Path) -> Callable[[IO[bytes]], IO[bytes]]:
    if suffix == "":
        return lambda stream: stream
    if suffix == ".gz":
        return lambda stream: cast(IO[bytes], gzip.GzipFile(fileobj=stream))
    if suffix == ".xz":
        return lambda stream: cast(IO[bytes], lzma.LZMAFile(stream))
    if suffix == ".zst":
        return _zstandard(package)
    raise LabFailure(f"{package.name} is packed with {suffix}, which the lab does not support")


def _zstandard(package: Path) -> Callable[[IO[bytes]], IO[bytes]]:
    """For derivatives of Debian; Debian itself uses xz."""
    import importlib

    with contextlib.suppress(ImportError):  # Python 3.14
        return cast(
            Callable[[IO[bytes]], IO[bytes]], importlib.import_module("compression.zstd").ZstdFile
        )
    with contextlib.suppress(ImportError):
        library = importlib.import_module("zstandard")
        return lambda stream: cast(IO[bytes], library.ZstdDecompressor().stream_reader(stream))
    raise UsageProblem(
        f"{package.name} is packed with zstd, which this Python cannot read",
        "Install the Python package zstandard, or use Python 3.14",
    )
