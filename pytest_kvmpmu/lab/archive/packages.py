"""Which packages the lab needs now, and the files in them.

Not for: access to a mirror (`mirror`), or the use of the files (`prepare`).
"""

from __future__ import annotations

import lzma
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from ..failure import LabFailure
from ..lines import Line, Userspace
from . import deb
from .mirror import Deb, Suite

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]*")


def kernel(suite: Suite, line: Line) -> Deb:
    """The package that holds the line's current kernel: the end of the chain of carriers."""
    name = line.package
    while True:
        onward = [other for other in _depends(suite, name) if _matches(other, line.carriers)]
        if not onward:
            break
        name = onward[0]
    if name == line.package:
        raise LabFailure(
            f"{line.package} in {suite.name} does not depend on any of {', '.join(line.carriers)}"
        )
    return suite.debs([name])[0]


def userspace(suite: Suite, wanted: Userspace) -> list[Deb]:
    """The packages of the user space, with all their dependencies."""
    roots = []
    for name in wanted.packages:
        onward = [other for other in _depends(suite, name) if _matches(other, wanted.carriers)]
        roots.append(onward[0] if onward else name)
    return suite.debs(suite.closure(roots))


def _depends(suite: Suite, name: str) -> Iterator[str]:
    stanza = suite.show([name])[0]
    for field in ("Pre-Depends", "Depends"):
        for clause in stanza.get(field, "").split(","):
            match = _NAME.match(clause.strip())
            if match:
                yield match[0]


def pattern(shell: str) -> Callable[[str], bool]:
    """A function that says whether a path matches the shell pattern."""
    return lambda path: fnmatchcase(path, shell)


def _matches(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def members(
    package: Path, wanted: Callable[[str], bool]
) -> Iterator[tuple[str, tarfile.TarInfo, bytes]]:
    """The files and links of a package whose path (no leading ``./``) is wanted.

    The content of a link is empty.  Raises `LabFailure` if ``package`` is not a package.
    """
    try:
        with (
            deb.files(package) as archive,
            tarfile.open(fileobj=archive, mode="r|") as tar,
        ):
            for info in tar:
                path = info.name.removeprefix("./")
                if not wanted(path):
                    continue
                if info.isfile():
                    reader = tar.extractfile(info)
                    assert reader is not None  # it is a file
                    yield path, info, reader.read()
                elif info.issym():
                    yield path, info, b""
    except (tarfile.TarError, lzma.LZMAError, EOFError, zlib.error, OSError) as error:
        raise LabFailure(f"{package.name} cannot be unpacked: {error}") from error
