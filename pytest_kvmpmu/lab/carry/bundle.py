"""A prepared lab as one file: a manifest, then entries of the cache.

A gzipped tar archive.  Its first member lists the others in order, with sizes and SHA-256;
a reader accepts nothing else.  The same lab always gives the same bytes.
Not for: the choice of entries (`transfer`).
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NoReturn

from ... import __version__
from ...errors import UsageProblem
from ..progress import Meter, Progress

FORMAT = "kvmpmu-lab"
VERSION = 1
MANIFEST = "kvmpmu-lab.json"

_PLACE = re.compile(r"(kernels|user-space|bytecode)/[0-9a-f]{16}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_MANIFEST = 1_000_000
_CHUNK = 1 << 18


@dataclass(frozen=True)
class File:
    """A file: its path below the cache's folder, its size in bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Part:
    """An entry of the cache: its place, its metadata, its files."""

    place: str
    about: dict[str, Any]
    files: tuple[File, ...]


@dataclass(frozen=True)
class Bundle:
    """``current``: the note that names the current entry, by kernel line.

    ``made_by`` is the version of pytest-kvmpmu.
    """

    current: dict[str, dict[str, str]]
    parts: tuple[Part, ...]
    made_by: str = __version__

    @property
    def files(self) -> Iterator[File]:
        """The files of all parts, in order."""
        return (file for part in self.parts for file in part.files)

    @property
    def size(self) -> int:
        """Bytes in all files."""
        return sum(file.size for file in self.files)

    def to_json(self) -> dict[str, Any]:
        """The manifest."""
        return {
            "format": FORMAT,
            "version": VERSION,
            "pytest-kvmpmu": self.made_by,
            "current": self.current,
            "parts": [
                {
                    "place": part.place,
                    "about": part.about,
                    "files": [
                        {"name": _name(file), "size": file.size, "sha256": file.sha256}
                        for file in part.files
                    ],
                }
                for part in self.parts
            ],
        }


def write(path: Path, bundle: Bundle, root: Path, progress: Progress) -> None:
    """Write the bundle's files, which are below ``root``, to ``path``: completely or not at all.

    Raises `UsageProblem` if it can't be written.
    """
    work = path.with_name(f".{path.name}.{os.getpid()}.part")
    meter = Meter(progress, f"packing {path.name}", bundle.size)
    try:
        if path.exists() and not path.is_file():
            raise OSError(None, "it is not a file")
        with work.open("wb") as out:
            with (
                gzip.GzipFile("", "wb", 6, out, mtime=0) as packed,
                tarfile.open(fileobj=packed, mode="w|", format=tarfile.USTAR_FORMAT) as tar,
            ):
                manifest = json.dumps(bundle.to_json(), indent=1, sort_keys=True).encode()
                _add(tar, MANIFEST, len(manifest), io.BytesIO(manifest))
                done = 0
                for file in bundle.files:
                    with (root / file.path).open("rb") as content:
                        _add(tar, file.path, file.size, content)
                    done += file.size
                    meter.at(done)
            out.flush()
            os.fsync(out.fileno())
        work.replace(path)
    except OSError as error:
        raise UsageProblem(
            f"{path} cannot be written: {error.strerror or error}",
            "Name a file in a writable folder, on a disk with enough space",
        ) from error
    finally:
        with contextlib.suppress(OSError):  # the folder itself may be the problem
            work.unlink(missing_ok=True)


def _add(tar: tarfile.TarFile, name: str, size: int, content: IO[bytes]) -> None:
    info = tarfile.TarInfo(name)
    info.size = size
    tar.addfile(info, content)


def unpack(path: Path, into: Path, begin: Callable[[Bundle], None], progress: Progress) -> Bundle:
    """Write the files of the bundle ``path`` below ``into``; they match its manifest.

    ``begin`` is called with the manifest first, and may raise.  Raises `UsageProblem` if
    ``path`` is not a bundle, or is damaged.
    """
    with _refusing(path), path.open("rb") as file, gzip.GzipFile(fileobj=file) as unzipped:
        tar, found = _begin(unzipped, path)
        with tar:
            begin(found)
            meter, done = Meter(progress, f"unpacking {path.name}", found.size), 0
            for wanted in found.files:
                content = _member(tar, wanted.path, wanted.size, path)
                _copy(content, into / wanted.path, wanted, path)
                done += wanted.size
                meter.at(done)
            extra = tar.next()
            if extra is not None:
                _odd(path, f"contains {extra.name!r}, which is not in its manifest")
        while rest := unzipped.read(_CHUNK):  # reading to the end checks gzip's checksum
            if rest.strip(b"\0"):
                _odd(path, "has data after its end")
    return found


@contextlib.contextmanager
def _refusing(path: Path) -> Iterator[None]:
    """Turn errors of reading into a `UsageProblem` that names the file."""
    try:
        yield
    except (gzip.BadGzipFile, EOFError, zlib.error, tarfile.TarError) as error:
        _damaged(path, str(error))
    except (FileNotFoundError, IsADirectoryError, PermissionError) as error:
        if error.filename != str(path):
            raise
        raise UsageProblem(
            f"{path} cannot be read: {error.strerror}", "Name a readable file"
        ) from error


def _begin(unzipped: gzip.GzipFile, path: Path) -> tuple[tarfile.TarFile, Bundle]:
    try:
        tar = tarfile.open(fileobj=unzipped, mode="r|")  # noqa: SIM115 - the caller closes it
        return tar, _manifest(tar, path)
    except (gzip.BadGzipFile, tarfile.ReadError) as error:
        _odd(path, f"is not a prepared lab ({error})")


def _manifest(tar: tarfile.TarFile, path: Path) -> Bundle:
    first = tar.next()
    if first is None or first.name != MANIFEST or not first.isreg():
        _odd(path, f"is not a prepared lab: it does not begin with {MANIFEST}")
    if first.size > _MOST_MANIFEST:
        _odd(path, f"has a manifest of {first.size} bytes")
    reader = tar.extractfile(first)
    assert reader is not None  # it is a file
    try:
        found = json.loads(reader.read())
        if found["format"] != FORMAT:
            _odd(path, f"is not a prepared lab, but {found['format']!r}")
        version, made_by = int(found["version"]), str(found["pytest-kvmpmu"])
        if version != VERSION:
            raise UsageProblem(
                f"{path} is a prepared lab of format {version}, and pytest-kvmpmu {__version__}"
                f" reads format {VERSION}",
                f"Use pytest-kvmpmu {made_by} here, which wrote it,"
                f" or export it with version {__version__}",
            )
        parts = tuple(_part(part) for part in found["parts"])
        places = [part.place for part in parts]
        current = {
            str(name): {"place": _text(note["place"]), "also": _text(note["also"])}
            for name, note in found["current"].items()
        }
        if len(set(places)) != len(places):
            raise ValueError("an entry is listed twice")
        if not {note["place"] for note in current.values()} <= set(places):
            raise ValueError("a current entry is missing")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        _odd(path, f"has an invalid manifest ({type(error).__name__}: {error})")
    return Bundle(current, parts, made_by)


def _part(found: Any) -> Part:
    place, about = _matched(_PLACE, found["place"]), found["about"]
    files = tuple(
        File(
            f"{place}/{_matched(_NAME, file['name'])}",
            _size(file["size"]),
            _matched(_SHA256, file["sha256"]),
        )
        for file in found["files"]
    )
    if not isinstance(about, dict) or len({file.path for file in files}) != len(files):
        raise ValueError(f"{place} is invalid")
    return Part(place, about, files)


def _matched(pattern: re.Pattern[str], value: Any) -> str:
    if not pattern.fullmatch(_text(value)):
        raise ValueError(f"unexpected {value!r}")
    return str(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"unexpected {value!r}")
    return value


def _size(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(f"unexpected size {value!r}")
    return value


def _member(tar: tarfile.TarFile, name: str, size: int, path: Path) -> IO[bytes]:
    info = tar.next()
    if info is None:
        _damaged(path, f"{name} is missing")
    if info.name != name or not info.isreg() or info.size != size:
        kind = "" if info.isreg() else ", not a file,"
        _odd(path, f"has {info.name!r}{kind} in the place of {name}")
    reader = tar.extractfile(info)
    assert reader is not None  # it is a file
    return reader


def _copy(content: IO[bytes], target: Path, wanted: File, path: Path) -> None:
    digest = hashlib.sha256()
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as out:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            out.write(chunk)
    if digest.hexdigest() != wanted.sha256:
        _damaged(path, f"{wanted.path} does not match the manifest")


def _name(file: File) -> str:
    return file.path.rpartition("/")[2]


def _damaged(path: Path, how: str) -> NoReturn:
    raise UsageProblem(f"{path} is truncated or damaged: {how}", "Copy it again")


def _odd(path: Path, how: str) -> NoReturn:
    raise UsageProblem(f"{path} {how}", "Name a file that `kvmpmu lab export` wrote")
