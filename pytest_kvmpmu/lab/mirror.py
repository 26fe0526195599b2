"""The host's Debian mirror, read with apt, with a state that is ours: the host's stays untouched.

apt checks the signatures and the hashes.  Not for: which packages the lab needs (`packages`).
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import UsageProblem
from . import programs, requirements
from .console import LabFailure, Progress

# Names the mirror where the host's own configuration has none, or another is wanted.
MIRROR_VARIABLE = "KVMPMU_LAB_MIRROR"
ARCHITECTURE = "arm64"

_WHY = "the lab takes its kernels from a Debian mirror"
_TARGETS = "$(REPO_URI)|$(RELEASE)|$(ORIGIN)|$(COMPONENT)"
_NO_SUITE = "does not have a Release file"
_URI = re.compile(r"^'(?P<uri>.+)' (?P<file>\S+) (?P<size>\d+) ")


@dataclass(frozen=True)
class Mirror:
    """Where the archive is (``url``), and the keyring (a path) that its suites are signed by."""

    url: str
    keyring: str


@dataclass(frozen=True)
class Deb:
    """A package file: its name, its version, its file's name, its size in bytes."""

    name: str
    version: str
    file: str
    size: int
    sha256: str


class SuiteMissing(Exception):
    """The mirror does not have that suite (any more)."""


def host_mirror() -> Mirror:
    """The mirror that the host itself uses.  `UsageProblem` where it has none."""
    url = os.environ.get(MIRROR_VARIABLE) or _configured()
    keyring = requirements.keyring()
    if keyring is None:
        raise UsageProblem(
            "the keys of the Debian archive are missing",
            requirements.remedy(requirements.KEYRING_PACKAGE),
        )
    return Mirror(url, str(keyring))


def _configured() -> str:
    apt = programs.find("apt-get", _WHY)
    listed = programs.output(
        [apt, "indextargets", "--format", _TARGETS, "Created-By: Packages"], "apt-get indextargets"
    )
    rows = [row.split("|") for row in listed.splitlines()]
    for url, release, origin, component in rows:
        # Before the first `apt-get update` apt does not know an origin yet.
        if origin in ("Debian", "") and component == "main" and "-" not in release:
            return url
    raise UsageProblem(
        "apt on this host has no Debian archive among its sources",
        f"Set {MIRROR_VARIABLE} to the address of a Debian mirror",
    )


class Suite:
    """One suite of the mirror.  Its lists and caches lie below ``state``."""

    def __init__(self, mirror: Mirror, name: str, state: Path) -> None:
        self.name = name
        self._mirror = mirror
        self._state = state
        self._apt_get = programs.find("apt-get", _WHY)
        self._apt_cache = programs.find("apt-cache", _WHY)

    def update(self, progress: Progress) -> None:
        """Fetch the list of packages.  `SuiteMissing` where the mirror has none."""
        self._lay_out()
        progress(f"reading the package list of {self.name}")
        status, _, said = programs.result(
            [self._apt_get, *self._options(), "-o", "APT::Update::Error-Mode=any", "update"]
        )
        if _NO_SUITE in said:
            raise SuiteMissing(self.name)
        if status != 0:
            raise programs.failed(f"reading the package list of {self.name}", status, said)

    def show(self, names: Sequence[str]) -> list[dict[str, str]]:
        """The current versions' stanzas of these packages, by field name."""
        command = [self._apt_cache, *self._options(), "show", "--no-all-versions", *names]
        text = programs.output(command, f"looking up {', '.join(names)} in {self.name}")
        stanzas = []
        for block in text.strip().split("\n\n"):
            lines = [line for line in block.splitlines() if not line.startswith(" ")]
            stanzas.append({key: value.strip() for key, _, value in map(_field, lines)})
        return stanzas

    def debs(self, names: Sequence[str]) -> list[Deb]:
        """The current package files of these packages."""
        return [
            Deb(
                stanza["Package"],
                stanza["Version"],
                # As apt-get download names it.
                "{Package}_{Version}_{Architecture}.deb".format(**stanza).replace(":", "%3a"),
                int(stanza["Size"]),
                stanza["SHA256"],
            )
            for stanza in self.show(names)
        ]

    def closure(self, names: Sequence[str]) -> list[str]:
        """``names`` and all that they depend on."""
        command = [self._apt_get, *self._options(), "install", "--print-uris", "-qq", "-y"]
        text = programs.output(
            [*command, "--no-install-recommends", *names],
            f"finding what {', '.join(names)} need in {self.name}",
        )
        found = [
            match["file"].partition("_")[0] for match in map(_URI.match, text.splitlines()) if match
        ]
        if not found:
            raise LabFailure(f"{self.name} has no package files of {', '.join(names)}")
        return sorted(found)

    def download(self, debs: Sequence[Deb], into: Path, progress: Progress) -> None:
        """Fetch package files into the folder ``into``, where they are not there whole."""
        into.mkdir(parents=True, exist_ok=True)
        missing = [deb for deb in debs if not _whole(into / deb.file, deb)]
        if not missing:
            return
        whole = sum(deb.size for deb in missing)
        told = f"{len(missing)} package{'s' if len(missing) > 1 else ''} from {self.name}"
        progress(f"downloading {told}: {megabytes(whole)}")
        wanted = [f"{deb.name}={deb.version}" for deb in missing]
        command = [self._apt_get, *self._options(), "-qq", "download", *wanted]
        child = programs.spawn(
            command,
            cwd=into,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
        )
        try:
            said = self._watch(child, [into / deb.file for deb in missing], whole, progress)
        finally:
            programs.stop(child)
        if child.returncode != 0:
            for deb in missing:
                if not _whole(into / deb.file, deb):
                    (into / deb.file).unlink(missing_ok=True)
            raise programs.failed(f"downloading {told}", child.returncode, said)

    def _watch(
        self, child: subprocess.Popen[bytes], files: list[Path], whole: int, progress: Progress
    ) -> str:
        last = 0
        while True:
            try:
                return child.communicate(timeout=1)[1].decode(errors="replace")
            except subprocess.TimeoutExpired:
                have = sum(file.stat().st_size for file in files if file.is_file())
                percent = 100 * have // whole
                if percent >= last + 10:
                    last = percent
                    progress(f"downloading: {percent} % of {megabytes(whole)}")

    def _lay_out(self) -> None:
        for folder in ("lists/partial", "cache/archives/partial", "empty"):
            (self._state / folder).mkdir(parents=True, exist_ok=True)
        (self._state / "status").touch()
        (self._state / "archive.sources").write_text(
            "Types: deb\n"
            f"URIs: {self._mirror.url}\n"
            f"Suites: {self.name}\n"
            "Components: main\n"
            f"Architectures: {ARCHITECTURE}\n"
            "Targets: Packages\n"
            f"Signed-By: {self._mirror.keyring}\n"
        )

    def _options(self) -> list[str]:
        state = self._state
        settings = {
            "Dir::Etc::SourceList": state / "archive.sources",
            "Dir::Etc::SourceParts": state / "empty",
            "Dir::Etc::Preferences": os.devnull,
            "Dir::Etc::PreferencesParts": state / "empty",
            "Dir::State": state,
            "Dir::State::Lists": state / "lists",
            "Dir::State::status": state / "status",
            "Dir::State::extended_states": state / "extended_states",
            "Dir::Cache": state / "cache",
            "Dir::Log": state,
            "APT::Architecture": ARCHITECTURE,
            "APT::Architectures": ARCHITECTURE,
            "APT::Default-Release": "",
            "Acquire::Languages": "none",
            "Acquire::AllowInsecureRepositories": "false",
            # The user _apt could not write below a home directory.
            "APT::Sandbox::User": "root",
            "DPkg::Post-Invoke": "",
        }
        return [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]


def _whole(file: Path, deb: Deb) -> bool:
    if not file.is_file() or file.stat().st_size != deb.size:
        return False
    return hashlib.sha256(file.read_bytes()).hexdigest() == deb.sha256


def _field(line: str) -> tuple[str, str, str]:
    return line.partition(":")


def megabytes(size: int) -> str:
    """``size`` bytes for people."""
    return f"{size / 1e6:.0f} MB" if size >= 1_000_000 else f"{size / 1e3:.0f} kB"
