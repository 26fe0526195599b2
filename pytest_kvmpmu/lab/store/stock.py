"""The kernel of each line and the user space, fetched from the archive.

Each is an entry of the cache; a note beside it names the current one, so that the mirror
is asked once, and again only on a refresh.  Not for: machines (`prepare`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...errors import UsageProblem
from ..archive import packages
from ..archive.choose import host_mirror, open_suite
from ..archive.mirror import Deb, Mirror, Suite, SuiteMissing
from ..failure import LabFailure
from ..initramfs import cpio, userspace
from ..kernel import image
from ..lines import Line, Userspace, lines
from ..lines import userspace as wanted_userspace
from ..progress import Progress
from .cache import Cache, Entry, key_of
from .recipe import USERSPACE, own_place

IMAGE = "Image"
BASE = "base.cpio"
# Increase it when `userspace.base` makes something else of the packages.
BASE_FORMAT = 1
# For the disk check: package lists, the packages and the files from them.
SPACE_MB = 500
KERNELS_KEPT = 12
USERSPACES_KEPT = 2

_BANNER = re.compile(rb"Linux version (\S+) ")

Builder = Callable[[list[Path], Path], dict[str, Any]]


class Stock:
    """Fetches what is missing.  ``refresh``: ask the mirror even if nothing is missing."""

    def __init__(self, cache: Cache, progress: Progress, refresh: bool = False) -> None:
        self._cache = cache
        self._progress = progress
        self._refresh = refresh
        self._mirror: Mirror | None = None

    def kernel(self, line: Line) -> Entry:
        """The line's kernel: the file `IMAGE`, with ``release`` in its metadata."""
        if line.own is not None:
            return self._own_kernel(line.own)

        def build(debs: list[Path], folder: Path) -> dict[str, Any]:
            images = [
                content
                for _, info, content in packages.members(debs[0], packages.pattern(line.image))
                if info.isfile()
            ]
            if len(images) != 1:
                raise LabFailure(f"{debs[0].name} has {len(images)} files {line.image}, not one")
            return _keep_kernel(images[0], debs[0].name, folder)

        return self._current(
            line.name,
            line.suite,
            "kernels",
            lambda suite: [packages.kernel(suite, line)],
            build,
            _kernel_also(line),
        )

    def userspace(self) -> Entry:
        """The user space without the agent: the file `BASE`."""
        wanted = wanted_userspace()

        def build(debs: list[Path], folder: Path) -> dict[str, Any]:
            (folder / BASE).write_bytes(cpio.archive(userspace.base(debs, wanted)))
            return {}

        return self._current(
            USERSPACE,
            wanted.suite,
            USERSPACE,
            lambda suite: packages.userspace(suite, wanted),
            build,
            _userspace_also(wanted),
        )

    def offered(self, line: Line) -> Deb | None:
        """The package that the mirror has for the line now, or None.

        Fetches package lists, but no package.
        """
        if self._mirror is None:
            self._mirror = host_mirror()
        with self._cache.lock("packages", "package lists", self._progress), self._cache.room():
            suite = self._open(line.suite)
            try:
                suite.update(self._progress)
            except SuiteMissing:
                return None
            return packages.kernel(suite, line)

    def tidy(self) -> None:
        """Remove the oldest entries."""
        with self._cache.lock("packages", "packages", self._progress):
            self._cache.keep_newest("kernels", KERNELS_KEPT)
            self._cache.keep_newest(USERSPACE, USERSPACES_KEPT)

    def _own_kernel(self, path: Path) -> Entry:
        place = own_place(path)
        with self._cache.lock("packages", f"the kernel {path.name}", self._progress):
            return self._cache.find(place) or self._cache.make(
                place, lambda folder: _keep_own(path, folder)
            )

    def _current(
        self,
        name: str,
        suite_name: str,
        kind: str,
        resolve: Callable[[Suite], list[Deb]],
        build: Builder,
        also: list[Any],
    ) -> Entry:
        """The current entry of ``name``; ``also``: its inputs besides packages."""
        cache = self._cache
        with cache.lock("packages", f"the packages of {name}", self._progress):
            noted = cache.noted(f"current/{name}.json") or {}
            if not self._refresh and noted.get("also") == key_of(also):
                entry = cache.find(str(noted.get("place")))
                if entry is not None:
                    return entry
            cache.need(SPACE_MB, f"fetching the packages of {name}")
            with cache.room():
                suite = self._suite(suite_name)
                debs = resolve(suite)
                place = f"{kind}/{key_of(also, [deb.sha256 for deb in debs])}"
                entry = cache.find(place) or self._fetch(suite, debs, place, build)
            cache.note(f"current/{name}.json", {"place": place, "also": key_of(also)})
            return entry

    def _fetch(self, suite: Suite, debs: list[Deb], place: str, build: Builder) -> Entry:
        store = self._cache.root / "debs"
        suite.download(debs, store, self._progress)
        files = [store / deb.file for deb in debs]
        self._progress(f"unpacking {len(files)} package{'s' if len(files) > 1 else ''}")
        entry = self._cache.make(
            place,
            lambda folder: (
                build(files, folder) | {"packages": [f"{deb.name} {deb.version}" for deb in debs]}
            ),
        )
        for file in files:
            file.unlink()
        return entry

    def _suite(self, name: str) -> Suite:
        if self._mirror is None:
            self._mirror = host_mirror()
        suite = self._open(name)
        try:
            suite.update(self._progress)
        except SuiteMissing:
            raise self._missing(name) from None
        return suite

    def _open(self, name: str) -> Suite:
        assert self._mirror is not None  # _suite() comes first
        return open_suite(self._mirror, name, self._cache.root)

    def _missing(self, name: str) -> UsageProblem:
        """The error that the mirror lacks ``name``; it lists the lines that the mirror has."""
        assert self._mirror is not None  # _suite() comes first
        there = []
        for line in lines():
            try:
                if line.suite != name:
                    self._open(line.suite).update(self._progress)
                    there.append(line.name)
            except SuiteMissing:
                pass
        listed = ", ".join(there) or "none"
        return UsageProblem(
            f"the Debian mirror {self._mirror.url} does not have the suite {name}",
            f"Use one of the lab lines that it has: {listed}",
        )


def also_keys() -> dict[str, str]:
    """The keys that the notes of all lines and of the user space must have in this version.

    They change if this version makes something else of the packages.
    """
    keys = {line.name: key_of(_kernel_also(line)) for line in lines()}
    return keys | {USERSPACE: key_of(_userspace_also(wanted_userspace()))}


def _kernel_also(line: Line) -> list[Any]:
    return [line.image]


def _userspace_also(wanted: Userspace) -> list[Any]:
    return [BASE_FORMAT, asdict(wanted)]


def _keep_kernel(image: bytes, origin: str, folder: Path) -> dict[str, Any]:
    banner = _BANNER.search(image)
    if banner is None:
        raise LabFailure(f"{origin} does not contain an uncompressed Linux kernel")
    (folder / IMAGE).write_bytes(image)
    return {"release": banner[1].decode()}


def _keep_own(path: Path, folder: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UsageProblem(
            f"{path} cannot be read: {error.strerror}", "Name a readable kernel file"
        ) from error
    found = image.unpacked(content, str(path))
    about = {"release": image.release(found, str(path))}
    (folder / IMAGE).write_bytes(found)
    return about
