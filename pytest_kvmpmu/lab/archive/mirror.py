"""A Debian mirror, and the protocol of its suites.

Not for: which packages the lab needs (`packages`), or how to reach a mirror (`choose`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..progress import Progress, megabytes

# The mirror's address, if the host configures none or another is wanted.
MIRROR_VARIABLE = "KVMPMU_LAB_MIRROR"
ARCHITECTURE = "arm64"


@dataclass(frozen=True)
class Mirror:
    """The archive's address (``url``), and the path of the ``keyring`` that its suites need."""

    url: str
    keyring: str


@dataclass(frozen=True)
class Deb:
    """A package file: the package's name and version, the file's name, its size in bytes.

    ``path`` is its place below the mirror's address.
    """

    name: str
    version: str
    file: str
    size: int
    sha256: str
    path: str = ""

    @classmethod
    def of(cls, stanza: Mapping[str, str]) -> Deb:
        """The package file that a stanza of the archive's list describes."""
        return cls(
            stanza["Package"],
            stanza["Version"],
            # As apt-get download names it.
            "{Package}_{Version}_{Architecture}.deb".format(**stanza).replace(":", "%3a"),
            int(stanza["Size"]),
            stanza["SHA256"],
            stanza.get("Filename", ""),
        )

    def whole(self, file: Path) -> bool:
        """Whether ``file`` is this package, complete and unchanged."""
        if not file.is_file() or file.stat().st_size != self.size:
            return False
        return hashlib.sha256(file.read_bytes()).hexdigest() == self.sha256


class SuiteMissing(Exception):
    """The mirror does not have the suite, or no longer has it."""


class Suite(Protocol):
    """One suite of the mirror.  Its lists are signed, and fetched files match them."""

    name: str

    def update(self, progress: Progress) -> None:
        """Fetch the list of packages.  Raises `SuiteMissing` if the mirror has no such suite."""

    def show(self, names: Sequence[str]) -> list[dict[str, str]]:
        """The current versions' stanzas of these packages, by field name."""

    def closure(self, names: Sequence[str]) -> list[str]:
        """``names`` and all their dependencies."""

    def debs(self, names: Sequence[str]) -> list[Deb]:
        """The current package files of these packages."""

    def download(self, debs: Sequence[Deb], into: Path, progress: Progress) -> None:
        """Fetch package files into the folder ``into``, unless it already has them complete."""


def begin_download(debs: Sequence[Deb], into: Path, suite: str, progress: Progress) -> list[Deb]:
    """Those of ``debs`` that are missing or incomplete in ``into``; reports them."""
    into.mkdir(parents=True, exist_ok=True)
    missing = [deb for deb in debs if not deb.whole(into / deb.file)]
    if missing:
        what = f"{len(missing)} package{'s' if len(missing) > 1 else ''} from {suite}"
        progress(f"downloading {what}: {megabytes(sum(deb.size for deb in missing))}")
    return missing
