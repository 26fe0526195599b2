"""Export and import of a prepared lab: which cache entries go into the file, and back.

The file has kernels, user space and the guest's bytecode, which need a mirror and a boot.  It
has no snapshots: each works with one QEMU program only, is larger than all the rest, and the
other host makes it in one boot.  Not for: the file's format (`bundle`).
"""

from __future__ import annotations

import contextlib
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ... import __version__
from ...data.host import Host
from ...errors import UsageProblem
from .. import bytecode, lines
from ..failure import LabFailure
from ..progress import Progress, megabytes, to_stderr
from ..start import start
from ..store import recipe, stock
from ..store.cache import Cache, Entry
from . import bundle
from .bundle import Bundle, File, Part

_CHUNK = 1 << 18
# The one file that each kind of entry has.
_FILES = {
    "kernels": stock.IMAGE,
    recipe.USERSPACE: stock.BASE,
    "bytecode": bytecode.BYTECODE,
}


def prepared(cache: Cache) -> list[str]:
    """The lines whose kernels are in the cache."""
    places = {name: recipe.current(cache, name) for name in lines.names()}
    return [name for name, place in places.items() if place and cache.find(place)]


def export(
    path: Path,
    names: Sequence[str],
    host: Host,
    *,
    progress: Progress = to_stderr,
    cache_dir: Path | None = None,
    cpu: str | None = None,
) -> None:
    """Write the lab with the lines ``names``, or with all that are prepared.

    Each is started first on the board ``host`` with cores ``cpu``, which prepares it if needed.
    Raises `UsageProblem` or `LabFailure` if that or the writing fails.
    """
    cache = Cache(cache_dir)
    for name in names:
        if lines.load(name).own is not None:
            raise UsageProblem(
                f"{name} is a kernel of your own, which is already a file",
                "Copy that file, and export a line for the user space",
            )
    names = list(dict.fromkeys(names)) or prepared(cache)
    if not names:
        raise UsageProblem(
            f"no line is prepared in {cache.root}",
            f"Name the lines to export: {', '.join(lines.names())}",
        )
    for name in names:
        start(name, host, progress=progress, cache_dir=cache_dir, cpu=cpu).close()
        progress(f"{name} on {host.name} answers")
    kept = stock.Stock(cache, progress)
    current = {name: kept.kernel(lines.load(name)) for name in names}
    current[recipe.USERSPACE] = kept.userspace()
    with _locked(cache, progress):
        made = _bundle(cache, current, progress)
        bundle.write(path, made, cache.root, progress)
    progress(f"{path} has {_summary(made)}: {megabytes(path.stat().st_size)}")


@contextlib.contextmanager
def _locked(cache: Cache, progress: Progress) -> Iterator[None]:
    """Hold the locks of all entries of a bundle."""
    with (
        cache.lock("packages", "packages", progress),
        cache.lock("bytecode", "the standard library", progress),
    ):
        yield


def _bundle(cache: Cache, current: dict[str, Entry], progress: Progress) -> Bundle:
    """A bundle of these entries and their bytecode.  The caller holds the locks."""
    progress("reading the cache")
    keys = stock.also_keys()
    notes = {
        name: {"place": cache.place(entry), "also": keys[name]} for name, entry in current.items()
    }
    # Lines may share a kernel.
    entries = {cache.place(entry): entry for entry in current.values()}
    bytecode = cache.find(f"bytecode/{current[recipe.USERSPACE].folder.name}")
    if bytecode is not None:
        entries[cache.place(bytecode)] = bytecode
    return Bundle(notes, tuple(_part(cache, place, entries[place]) for place in sorted(entries)))


def _part(cache: Cache, place: str, entry: Entry) -> Part:
    if cache.find(place) != entry:
        raise LabFailure(f"another run changed {entry.folder} during the export; try again")
    files = []
    for name, crc32 in sorted(entry.sums.items()):
        digest, total, size = hashlib.sha256(), 0, 0
        with entry.file(name).open("rb") as content:
            while chunk := content.read(_CHUNK):
                digest.update(chunk)
                total = zlib.crc32(chunk, total)
                size += len(chunk)
        if total != crc32:
            raise UsageProblem(
                f"{entry.file(name)} is damaged",
                f"Remove {entry.folder}, and run `kvmpmu lab setup`, which makes it again",
            )
        files.append(File(f"{place}/{name}", size, digest.hexdigest()))
    return Part(place, entry.about, tuple(files))


def import_(
    path: Path, *, progress: Progress = to_stderr, cache_dir: Path | None = None
) -> list[str]:
    """Copy the lab in the file ``path`` into the cache; returns the names of its lines.

    The whole file is unpacked and checked before the first entry is moved to its place.
    Raises `UsageProblem` if the file is not a lab, is damaged, or does not suit this version.
    """
    cache = Cache(cache_dir)

    def begin(found: Bundle) -> None:
        _check(path, found)
        cache.need(found.size // 10**6 + 1, f"importing {path.name}")

    with (
        cache.lock("import", "a lab from a file", progress),
        cache.scratch("import") as scratch,
    ):
        found = bundle.unpack(path, scratch, begin, progress)
        with _locked(cache, progress):
            for part in found.parts:
                _install(cache, part, scratch)
            # All entries are in place; the user space is noted first, since every line needs it.
            for name in sorted(found.current, key=lambda name: name != recipe.USERSPACE):
                cache.note(f"current/{name}.json", found.current[name])
    progress(f"imported {_summary(found)}")
    return _lines(found)


def _check(path: Path, found: Bundle) -> None:
    """Raise `UsageProblem` unless this version can use these entries."""
    expected = stock.also_keys()
    unknown = [name for name in found.current if name not in expected]
    if unknown:
        what = f"has {unknown[0]!r}, a kernel line that pytest-kvmpmu {__version__} does not know"
    elif any(note["also"] != expected[name] for name, note in found.current.items()):
        what = f"was made for another user space than that of pytest-kvmpmu {__version__}"
    elif not _complete(found):
        what = "is not a complete lab"
    else:
        return
    raise UsageProblem(
        f"{path} {what}",
        f"Use pytest-kvmpmu {found.made_by} here, which wrote it,"
        f" or export it with version {__version__}",
    )


def _complete(found: Bundle) -> bool:
    """Whether each part has the files of its kind, and there are a user space and a kernel."""
    for part in found.parts:
        kind = part.place.partition("/")[0]
        if [file.path for file in part.files] != [f"{part.place}/{_FILES[kind]}"]:
            return False
        if kind == "kernels" and not isinstance(part.about.get("release"), str):
            return False
    for name, note in found.current.items():
        kind = recipe.USERSPACE if name == recipe.USERSPACE else "kernels"
        if not note["place"].startswith(f"{kind}/"):
            return False
    return recipe.USERSPACE in found.current and bool(_lines(found))


def _install(cache: Cache, part: Part, scratch: Path) -> None:
    """Put the part in its place, unless it is already there, complete."""
    names = [file.path.rpartition("/")[2] for file in part.files]
    found = cache.find(part.place)
    if found is not None and sorted(found.sums) == sorted(names) and all(map(found.whole, names)):
        return

    def build(folder: Path) -> dict[str, Any]:
        for name in names:
            (scratch / part.place / name).rename(folder / name)
        return part.about

    cache.make(part.place, build)


def _lines(found: Bundle) -> list[str]:
    return [name for name in lines.names() if name in found.current]


def _summary(found: Bundle) -> str:
    releases = {part.place: part.about.get("release") for part in found.parts}
    listed = [f"{name} ({releases[found.current[name]['place']]})" for name in _lines(found)]
    return f"the lines {', '.join(listed)} and the user space"
