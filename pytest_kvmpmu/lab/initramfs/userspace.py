"""The initramfs: files of the user-space packages, the agent, and /init.

Not for: fetching the packages, or the archive's format (`cpio`).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from ..archive import packages
from ..failure import LabFailure
from ..lines import Userspace
from . import cpio, elf
from .agent_files import HOME, sources

# A source module; ``package`` is its outermost package, if any.
_MODULE = re.compile(
    r"(?P<library>usr/lib/python3\.\d+)/(?P<module>(?:(?P<package>[^/]+)/)?.*\.py)"
)


def base(debs: Iterable[Path], wanted: Userspace) -> dict[str, cpio.Member]:
    """Programs, standard library and shared libraries from the packages."""
    found: dict[str, cpio.Member] = {}
    libraries: dict[str, bytes] = {}
    links: dict[str, str] = {}
    for deb in debs:
        for path, info, content in packages.members(deb, lambda path: _looked_at(path, wanted)):
            name = path.rpartition("/")[2]
            if _is_library(path):
                if info.issym():
                    links[name] = info.linkname.rpartition("/")[2]
                else:
                    libraries[name] = content
            elif info.isfile():
                found[path] = cpio.file(content, bool(info.mode & 0o111))
    members = _programs(found, wanted)
    members.update((path, member) for path, member in found.items() if _in_stdlib(path, wanted))
    members.update(_libraries(members, libraries, links))
    return members


def with_agent(members: dict[str, cpio.Member], init: str) -> bytes:
    """The whole initramfs: ``members``, the agent's sources and /init."""
    whole = dict(members)
    for name, path in sources():
        whole[f"{HOME}/{name}"] = cpio.file(path.read_bytes())
    whole["init"] = cpio.file(init.encode(), executable=True)
    for folder in ("dev", "proc", "sys", "tmp"):
        whole[folder] = cpio.FOLDER
    return cpio.archive(whole)


def slim(
    members: Mapping[str, cpio.Member], bytecode: Mapping[str, cpio.Member]
) -> dict[str, cpio.Member]:
    """``members`` with the modules in ``bytecode`` as .pyc files, and most others in a zip file.

    The agent's imports are fast that way, and the rest of the standard library is available
    in a third of the space.  Python finds that zip by itself.
    """
    slimmed = dict(members)
    opened = set()  # packages, which can't be split between a folder and the zip
    for path, member in bytecode.items():
        folder, _, name = path.rpartition("/__pycache__/")
        module = f"{folder}/{name.partition('.')[0]}"
        slimmed.pop(f"{module}.py", None)
        slimmed[f"{module}.pyc"] = member
        opened.add(folder)
    zips: dict[str, dict[str, bytes]] = {}
    for path in sorted(slimmed):
        match = _MODULE.fullmatch(path)
        if match is None or f"{match['library']}/{match['package']}" in opened:
            continue
        place = match["library"].replace(".", "") + ".zip"
        zips.setdefault(place, {})[match["module"]] = slimmed.pop(path).content
    for place, files in zips.items():
        slimmed[place] = cpio.file(_zipped(files))
    return slimmed


def _programs(found: dict[str, cpio.Member], wanted: Userspace) -> dict[str, cpio.Member]:
    members = {}
    for name, pattern in wanted.programs.items():
        paths = [path for path in found if fnmatchcase(path, pattern)]
        if len(paths) != 1:
            raise LabFailure(f"the packages have {len(paths)} files {pattern}, not one")
        # python3 finds its library relative to its own path.
        members[paths[0]] = found[paths[0]]
        if paths[0] != f"bin/{name}":
            members[f"bin/{name}"] = cpio.link(f"/{paths[0]}")
    return members


def _libraries(
    members: dict[str, cpio.Member], libraries: dict[str, bytes], links: dict[str, str]
) -> dict[str, cpio.Member]:
    wanted = [name for member in members.values() for name in elf.needed(member.content)]
    added: dict[str, cpio.Member] = {}
    while wanted:
        name = wanted.pop()
        if f"lib/{name}" in added:
            continue
        content = libraries.get(links.get(name, name))
        if content is None:
            raise LabFailure(f"no package of the user space has {name}")
        added[f"lib/{name}"] = cpio.file(content, executable=True)
        wanted.extend(elf.needed(content))
    return added


def _is_library(path: str) -> bool:
    return path.startswith(("lib/", "usr/lib/")) and "/python3" not in path and ".so" in path


def _looked_at(path: str, wanted: Userspace) -> bool:
    return (
        _is_library(path)
        or _in_stdlib(path, wanted)
        or any(fnmatchcase(path, pattern) for pattern in wanted.programs.values())
    )


def _in_stdlib(path: str, wanted: Userspace) -> bool:
    folder, _, rest = path.partition("/lib-dynload/")
    if rest:
        rest = f"lib-dynload/{rest}"
    else:
        depth = wanted.stdlib.count("/") + 1
        parts = path.split("/")
        folder, rest = "/".join(parts[:depth]), "/".join(parts[depth:])
    return (
        bool(rest)
        and fnmatchcase(folder, wanted.stdlib)
        and not any(fnmatchcase(rest, pattern) for pattern in wanted.drop)
    )


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip file; the same files always give the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()
