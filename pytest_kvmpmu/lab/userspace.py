"""The initramfs: what of the user-space packages goes in, the agent, and /init.

Not for: fetching the packages, or the archive's format (`cpio`).
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from . import cpio, elf, packages
from .agent_files import HOME, sources
from .console import LabFailure
from .lines import Userspace


def base(debs: Iterable[Path], wanted: Userspace) -> dict[str, cpio.Member]:
    """Programs, standard library and shared libraries, out of the packages."""
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


def _programs(found: dict[str, cpio.Member], wanted: Userspace) -> dict[str, cpio.Member]:
    members = {}
    for name, pattern in wanted.programs.items():
        paths = [path for path in found if fnmatchcase(path, pattern)]
        if len(paths) != 1:
            raise LabFailure(f"the packages have {len(paths)} files {pattern}, not one")
        # python3 finds its library from where it lies.
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
            raise LabFailure(f"no package of the user space brings {name}")
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
