"""A Debian mirror read with the host's apt, with its own state: the host's stays untouched.

apt checks the signatures and the hashes.  Not for: hosts without apt (`plain`).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ...errors import UsageProblem
from ..failure import LabFailure
from ..host import programs
from ..progress import Meter, Progress
from . import deb822
from .mirror import ARCHITECTURE, MIRROR_VARIABLE, Deb, Mirror, SuiteMissing, begin_download

_WHY = "the lab takes its kernels from a Debian mirror"
_TARGETS = "$(REPO_URI)|$(RELEASE)|$(ORIGIN)|$(COMPONENT)"
_NO_SUITE = "does not have a Release file"
_URI = re.compile(r"^'(?P<uri>.+)' (?P<file>\S+) (?P<size>\d+) ")


def configured() -> str:
    """The URL of the mirror that the host's apt uses.  Raises `UsageProblem` if it has none."""
    apt = programs.find("apt-get", _WHY)
    listed = programs.output(
        [apt, "indextargets", "--format", _TARGETS, "Created-By: Packages"], "apt-get indextargets"
    )
    rows = [row.split("|") for row in listed.splitlines()]
    for url, release, origin, component in rows:
        # Before the first `apt-get update` apt does not know the origin.
        if origin in ("Debian", "") and component == "main" and "-" not in release:
            return url
    raise UsageProblem(
        "apt on this host has no Debian mirror among its sources",
        f"Set {MIRROR_VARIABLE} to the address of a Debian mirror",
    )


class AptSuite:
    """One suite of the mirror (`mirror.Suite`).  apt's state is in the folder ``state``."""

    def __init__(self, mirror: Mirror, name: str, state: Path) -> None:
        self.name = name
        self._mirror = mirror
        self._state = state
        self._apt_get = programs.find("apt-get", _WHY)
        self._apt_cache = programs.find("apt-cache", _WHY)

    def update(self, progress: Progress) -> None:
        """Fetch the list of packages.  Raises `SuiteMissing` if the mirror has no such suite."""
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
        return [deb822.fields(block) for block in text.strip().split("\n\n")]

    def debs(self, names: Sequence[str]) -> list[Deb]:
        """The current package files of these packages."""
        return [Deb.of(stanza) for stanza in self.show(names)]

    def closure(self, names: Sequence[str]) -> list[str]:
        """``names`` and all their dependencies."""
        command = [self._apt_get, *self._options(), "install", "--print-uris", "-qq", "-y"]
        text = programs.output(
            [*command, "--no-install-recommends", *names],
            f"resolving the dependencies of {', '.join(names)} in {self.name}",
        )
        found = [
            match["file"].partition("_")[0] for match in map(_URI.match, text.splitlines()) if match
        ]
        if not found:
            raise LabFailure(f"{self.name} has no package files of {', '.join(names)}")
        return sorted(found)

    def download(self, debs: Sequence[Deb], into: Path, progress: Progress) -> None:
        """Fetch package files into the folder ``into``, unless it already has them complete."""
        missing = begin_download(debs, into, self.name, progress)
        if not missing:
            return
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
            said = self._watch(child, missing, into, progress)
        finally:
            programs.stop(child)
        if child.returncode != 0:
            for deb in missing:
                if not deb.whole(into / deb.file):
                    (into / deb.file).unlink(missing_ok=True)
            raise programs.failed(f"downloading packages from {self.name}", child.returncode, said)

    def _watch(
        self, child: subprocess.Popen[bytes], debs: list[Deb], into: Path, progress: Progress
    ) -> str:
        meter = Meter(progress, "downloading", sum(deb.size for deb in debs))
        files = [into / deb.file for deb in debs]
        while True:
            try:
                return child.communicate(timeout=1)[1].decode(errors="replace")
            except subprocess.TimeoutExpired:
                meter.at(sum(file.stat().st_size for file in files if file.is_file()))

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
            # The user _apt cannot write below a home directory.
            "APT::Sandbox::User": "root",
            "DPkg::Post-Invoke": "",
        }
        return [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
