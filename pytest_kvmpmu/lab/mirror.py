"""A Debian mirror: which one, and what a suite of it can be asked.

Two ways lead there: the host's apt (`apt`), and Python alone, for hosts that have none (`plain`).
Not for: which packages the lab needs (`packages`).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import UsageProblem, unknown
from . import requirements
from .console import Progress, megabytes

# Names the mirror where the host's own configuration has none, or another is wanted.
MIRROR_VARIABLE = "KVMPMU_LAB_MIRROR"
# The way to it, where it is not to be chosen by what the host has.
FETCH_VARIABLE = "KVMPMU_LAB_FETCH"
WAYS = ("apt", "plain")
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


def open_suite(mirror: Mirror, name: str, state: Path) -> Suite:
    """The suite of that name.  Its lists and caches lie in a folder of its own below ``state``."""
    if way() == "apt":
        from .apt import AptSuite

        return AptSuite(mirror, name, state / "apt" / name)
    from .plain import PlainSuite

    return PlainSuite(mirror, name, state / "plain" / name)


def way() -> str:
    """Which of `WAYS` is taken: the one that is named, or apt where the host has it."""
    named = os.environ.get(FETCH_VARIABLE)
    if named and named not in WAYS:
        raise unknown(f"way in {FETCH_VARIABLE}", named, WAYS)
    return named or ("apt" if _has_apt() else "plain")


def host_mirror() -> Mirror:
    """The mirror that is named, or that the host's apt uses.  `UsageProblem` for neither."""
    keyring = requirements.keyring()
    if keyring is None:
        raise UsageProblem(
            "the keys of the Debian archive are missing",
            f"{requirements.remedy(requirements.KEYRING)};"
            f" or name a file with them in {requirements.KEYRING_VARIABLE}",
        )
    return Mirror((os.environ.get(MIRROR_VARIABLE) or _configured()).rstrip("/"), str(keyring))


def _configured() -> str:
    if not _has_apt():
        raise UsageProblem(
            "this host has no apt that would name a Debian mirror",
            f"Set {MIRROR_VARIABLE} to the address of one, or take a prepared lab along:"
            " `kvmpmu lab export` elsewhere, `kvmpmu lab import` here",
        )
    from .apt import configured

    return configured()


def _has_apt() -> bool:
    return all(shutil.which(program) for program in ("apt-get", "apt-cache"))
