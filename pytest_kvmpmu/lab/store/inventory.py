"""The content of the lab's cache: which entries are current, and their sizes.

Not for: making anything (`stock`, `prepare`) or removing it (`clean`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...errors import UsageProblem
from .. import lines
from ..vm import cpu, qemu
from .cache import Cache, Entry
from .recipe import USERSPACE, current, perishable, stocked

# The cache's folders: of snapshots, with a folder for each line and board; of other entries; of
# the mirror's lists.
SNAPSHOTS = "snapshots"
ENTRIES = ("kernels", USERSPACE, "bytecode")
LISTS = ("apt", "plain", "current")


@dataclass(frozen=True)
class Snapshot:
    """A snapshot of a line (or Image) on a board; ``current``: the next start uses it.

    ``cpu`` is QEMU's name of its cores, ``facts`` what the agent reported after the boot.
    """

    place: str
    line: str
    board: str
    cpu: str
    release: str
    current: bool
    bytes: int
    facts: dict[str, Any]


@dataclass(frozen=True)
class Shelf:
    """A line: its kernel's release and package (None: never fetched), and its snapshots."""

    line: str
    release: str | None
    package: str | None
    bytes: int
    snapshots: list[Snapshot] = field(default_factory=list)


def shelves(cache: Cache) -> list[Shelf]:
    """Each line of lines.toml, then each Image of the user that has snapshots."""
    found = []
    for name in lines.names():
        place = current(cache, name)
        kernel = cache.find(place) if place else None
        if kernel is None:
            found.append(Shelf(name, None, None, 0))
        else:
            package = next(iter(kernel.about.get("packages", ())), None)
            found.append(Shelf(name, kernel.about["release"], package, size(kernel.folder)))
    by_name = {shelf.line: shelf for shelf in found}
    for snapshot in snapshots(cache):
        if snapshot.line not in by_name:
            by_name[snapshot.line] = Shelf(snapshot.line, snapshot.release, None, 0)
        by_name[snapshot.line].snapshots.append(snapshot)
    return list(by_name.values())


def snapshots(cache: Cache) -> list[Snapshot]:
    """All snapshots, including those that are no longer used."""
    found = []
    for slot in folders(cache, SNAPSHOTS):
        for place in folders(cache, slot):
            entry = cache.find(place)
            if entry is not None:
                found.append(_snapshot(cache, place, entry))
    return found


def _snapshot(cache: Cache, place: str, entry: Entry) -> Snapshot:
    about = entry.about
    line = str(about.get("line", place.split("/")[1].rpartition("-")[0]))
    return Snapshot(
        place,
        line,
        str(about.get("board", "an older board")),
        str(about.get("cpu", cpu.DEFAULT)),
        str(about.get("release")),
        about.get("parts") is not None and about.get("parts") == _parts(cache, line, about),
        size(entry.folder),
        dict(about.get("facts", {})),
    )


def _parts(cache: Cache, line: str, about: dict[str, Any]) -> dict[str, Any] | None:
    """The parts of a new snapshot of the line; a missing QEMU counts as unchanged."""
    try:
        major, minor = about.get("oldest_qemu", qemu.OLDEST)
        there = qemu.find((major, minor))
    except UsageProblem:
        there = str(about["parts"]["qemu"][0])
    try:
        places = stocked(cache, lines.load(line))
        return None if places is None else perishable(*places, there)
    except (UsageProblem, OSError):  # a removed line, or a missing Image or QEMU
        return None


def folders(cache: Cache, place: str) -> list[str]:
    """The places of the folders in a folder.  Links are ignored."""
    folder = cache.root / place
    if not is_folder(folder):
        return []
    return sorted(f"{place}/{path.name}" for path in folder.iterdir() if is_folder(path))


def is_folder(path: Path) -> bool:
    """Whether it is a folder, not a link to one."""
    return path.is_dir() and not path.is_symlink()


def size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    if is_folder(path):
        return sum(size(child) for child in path.iterdir())
    return path.lstat().st_size
