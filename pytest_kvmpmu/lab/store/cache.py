"""The lab's cache folder: entries are complete or absent, checked when used, locked while made.

An entry is a folder of files with a manifest of their sizes and checksums.  It is made
in a temporary folder and then renamed, so an interrupted run leaves only an unfinished
folder, which the next run removes.  Not for: the content of entries (`stock`, `prepare`).
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import UsageProblem
from ..failure import LabFailure
from ..progress import Progress

if TYPE_CHECKING:
    from filelock import FileLock

CACHE_VARIABLE = "KVMPMU_CACHE_DIR"
FORMAT = 1

_MANIFEST = "entry.json"
_UNFINISHED = ".unfinished"
_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Entry:
    """A finished folder: ``about`` is its metadata; ``nonce`` differs each time it is made."""

    folder: Path
    about: dict[str, Any]
    nonce: str
    sums: dict[str, int]

    def file(self, name: str) -> Path:
        """The path of one of its files."""
        return self.folder / name

    def whole(self, name: str) -> bool:
        """Whether the file still has its original content.  Reads all of it."""
        try:
            return sum_of(self.file(name)) == self.sums[name]
        except OSError:
            return False


def default_root() -> Path:
    """The folder in `CACHE_VARIABLE`, else one in the user's cache folder."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("pytest-kvmpmu", appauthor=False)


class Cache:
    """The folder ``root`` (default: `default_root`)."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or default_root()).absolute() / f"lab-{FORMAT}"

    def find(self, place: str) -> Entry | None:
        """The entry at ``place``, if it exists and its files have the right sizes."""
        folder = self.root / place
        try:
            manifest = json.loads((folder / _MANIFEST).read_text())
            sizes = {name: (folder / name).stat().st_size for name in manifest["files"]}
            if any(sizes[name] != noted["size"] for name, noted in manifest["files"].items()):
                return None
            sums = {name: noted["crc32"] for name, noted in manifest["files"].items()}
            return Entry(folder, manifest["about"], manifest["nonce"], sums)
        except (OSError, ValueError, KeyError, TypeError):
            return None  # missing, truncated or changed: it must be made again

    def place(self, entry: Entry) -> str:
        """The entry's place, as `find` takes it."""
        return entry.folder.relative_to(self.root).as_posix()

    def sound(self, entry: Entry | None) -> bool:
        """Whether the entry exists and its files are unchanged.  Reads all of them."""
        return entry is not None and all(map(entry.whole, entry.sums))

    def make(self, place: str, build: Callable[[Path], dict[str, Any]]) -> Entry:
        """Make the entry: ``build`` fills a folder and returns the metadata for ``about``.

        The caller holds the lock of the parent folder.  Raises `UsageProblem` if the disk is full.
        """
        final = self.root / place
        work = final.with_name(final.name + _UNFINISHED)
        with self.room():
            # The lock covers the parent folder: unfinished folders there are of dead runs.
            for leftover in final.parent.glob(f"*{_UNFINISHED}"):
                discard(leftover)
            work.mkdir(parents=True)
            try:
                about = build(work)
                _seal(work, about)
                discard(final)
                work.rename(final)
                _sync(final.parent)
            finally:
                discard(work)
        entry = self.find(place)
        if entry is None:
            raise LabFailure(f"{final} was changed while it was being made")
        return entry

    @contextlib.contextmanager
    def scratch(self, name: str) -> Iterator[Path]:
        """A temporary empty folder.  Hold a lock of that name; a killed run's folder is removed."""
        folder = self.root / "scratch" / name
        with self.room():
            discard(folder)
            folder.mkdir(parents=True)
            try:
                yield folder
            finally:
                discard(folder)

    def drop(self, entry: Entry) -> None:
        """Remove a bad entry, unless another run has made it again.  Hold the lock."""
        now = self.find(self.place(entry))
        if now is None or now.nonce == entry.nonce:
            discard(entry.folder)

    def keep_newest(self, place: str, count: int) -> None:
        """Keep only the ``count`` newest entries of the folder ``place``."""
        folders = [path for path in (self.root / place).iterdir() if path.is_dir()]
        folders.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
        for folder in folders[count:]:
            discard(folder)

    def note(self, place: str, value: dict[str, Any]) -> None:
        """Write a small JSON file, completely or not at all."""
        path = self.root / place
        with self.room():
            path.parent.mkdir(parents=True, exist_ok=True)
            work = path.with_name(f"{path.name}.{os.getpid()}{_UNFINISHED}")
            try:
                _write(work, json.dumps(value, indent=1))
                work.replace(path)
            finally:
                work.unlink(missing_ok=True)

    def noted(self, place: str) -> dict[str, Any] | None:
        """A small JSON file, or None if it can't be read."""
        try:
            value = json.loads((self.root / place).read_text())
        except (OSError, ValueError):
            return None
        return value if isinstance(value, dict) else None

    @contextlib.contextmanager
    def lock(self, name: str, what: str, progress: Progress) -> Iterator[None]:
        """Hold the lock ``name``; reports if it waits for another run that makes ``what``."""
        lock = self._tried(name)
        if not lock.is_locked:
            progress(f"waiting for another run that prepares {what}")
            with self.room():
                lock.acquire(poll_interval=0.1)
        try:
            yield
        finally:
            lock.release()

    @contextlib.contextmanager
    def lock_if_free(self, name: str) -> Iterator[bool]:
        """Hold the lock ``name``, or yield False if another run holds it."""
        lock = self._tried(name)
        try:
            yield lock.is_locked
        finally:
            lock.release()

    def _tried(self, name: str) -> FileLock:
        """The lock ``name``: held, unless another run holds it."""
        from filelock import FileLock, Timeout

        folder = self.root / "locks"
        with self.room():
            folder.mkdir(parents=True, exist_ok=True)
            lock = FileLock(folder / f"{name}.lock")
            with contextlib.suppress(Timeout):
                lock.acquire(timeout=0)
        return lock

    def need(self, megabytes: int, what: str) -> None:
        """Raise `UsageProblem` unless that many MB (10^6 bytes) are free."""
        nearest = next(path for path in (self.root, *self.root.parents) if path.exists())
        free = shutil.disk_usage(nearest).free // 10**6
        if free < megabytes:
            raise self._full(f"{what} needs {megabytes} MB, {free} MB are available")

    @contextlib.contextmanager
    def room(self) -> Iterator[None]:
        """Turn a full disk, and a folder that can't be written, into a `UsageProblem`."""
        try:
            yield
        except OSError as error:
            if error.errno in _FULL:
                raise self._full("the disk is full") from error
            if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR):
                raise UsageProblem(
                    f"the lab cannot write to {self.root}: {error.strerror}",
                    f"Name another folder with {CACHE_VARIABLE}",
                ) from error
            raise
        except LabFailure as failure:  # of a program that we ran
            if os.strerror(errno.ENOSPC) in str(failure):
                raise self._full("the disk is full") from failure
            raise

    def _full(self, what: str) -> UsageProblem:
        return UsageProblem(
            f"no space left for the lab in {self.root}: {what}",
            f"Free some space, or name a folder on another disk with {CACHE_VARIABLE}",
        )


def discard(folder: Path) -> None:
    """Remove a folder, if it exists."""
    shutil.rmtree(folder, ignore_errors=True)


def sum_of(path: Path) -> int:
    """A checksum of a file's content, against damage, not against forgery."""
    total = 0
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(1 << 18):
            total = zlib.crc32(chunk, total)
    return total


def key_of(*parts: Any) -> str:
    """A short hash of the JSON values ``parts``."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _seal(folder: Path, about: dict[str, Any]) -> None:
    files = {}
    for path in sorted(folder.iterdir()):
        with path.open("rb") as file:
            os.fsync(file.fileno())
        files[path.name] = {"size": path.stat().st_size, "crc32": sum_of(path)}
    manifest = {"about": about, "nonce": os.urandom(8).hex(), "files": files}
    _write(folder / _MANIFEST, json.dumps(manifest, indent=1))
    _sync(folder)


def _write(path: Path, text: str) -> None:
    with path.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
