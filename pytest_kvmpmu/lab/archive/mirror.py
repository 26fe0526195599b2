"""A Debian mirror: which one, and what a suite of it can be asked.

Not for: which packages the lab needs (`packages`), or how a mirror is reached (`choose`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..progress import Progress, megabytes

# Names the mirror where the host's own configuration has none, or another is wanted.
MIRROR_VARIABLE = "KVMPMU_LAB_MIRROR"
ARCHITECTURE = "arm64"


@dataclass(frozen=True)
class Mirror:
    """Where the archive is (``url``), and the keyring (a path) that its suites are signed by."""

    url: str
    keyring: str


@dataclass(frozen=True)
class Deb:
    """A package file: its name, its version, its file's name, its size in bytes.

    ``path`` is where it lies below the mirror's address.
    """

    name: str
    version: str
    file: str
    size: int
    sha256: str
    path: str = ""

    @classmethod
    def of(cls, stanza: Mapping[str, str]) -> Deb:
        """The package file that a stanza of the archive's list tells of."""
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
        """Whether ``file`` is this package, to the last byte."""
        if not file.is_file() or file.stat().st_size != self.size:
            return False
        return hashlib.sha256(file.read_bytes()).hexdigest() == self.sha256


class SuiteMissing(Exception):
    """The mirror does not have that suite (any more)."""


class Suite(Protocol):
    """One suite of the mirror.  What it says is signed, and what it fetches is as said."""

    name: str

    def update(self, progress: Progress) -> None:
        """Fetch the list of packages.  `SuiteMissing` where the mirror has none."""

    def show(self, names: Sequence[str]) -> list[dict[str, str]]:
        """The current versions' stanzas of these packages, by field name."""

    def closure(self, names: Sequence[str]) -> list[str]:
        """``names`` and all that they depend on."""

    def debs(self, names: Sequence[str]) -> list[Deb]:
        """The current package files of these packages."""

    def download(self, debs: Sequence[Deb], into: Path, progress: Progress) -> None:
        """Fetch package files into the folder ``into``, where they are not there whole."""


def begin_download(debs: Sequence[Deb], into: Path, suite: str, progress: Progress) -> list[Deb]:
    """What of ``debs`` the folder ``into`` does not have whole; says so."""
    into.mkdir(parents=True, exist_ok=True)
    missing = [deb for deb in debs if not deb.whole(into / deb.file)]
    if missing:
        told = f"{len(missing)} package{'s' if len(missing) > 1 else ''} from {suite}"
        progress(f"downloading {told}: {megabytes(sum(deb.size for deb in missing))}")
    return missing
