"""Debian's linux-doc packages: the documents that clauses name, kept in the lab's folder."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterator
from pathlib import Path

from pytest_kvmpmu.lab.archive import packages
from pytest_kvmpmu.lab.failure import LabFailure
from pytest_kvmpmu.lab.progress import Progress
from pytest_kvmpmu.lab.store.cache import default_root

from ..newest_package import fetch
from .headings import Documentation, section_numbers

# A suite for each kernel line that the lab boots, and the newest.
SUITES = ("bullseye", "bookworm", "trixie", "forky")
DOCUMENTS = (
    "api.rst",
    "devices/vcpu.rst",
    "devices/arm-vgic.rst",
    "devices/arm-vgic-v3.rst",
    "devices/arm-vgic-v5.rst",
    "arm/vcpu-features.rst",
)

_META = "linux-doc"
_CURRENT = re.compile(r"linux-doc-(?P<release>[0-9]+\.[0-9]+)\b")
_PLACE = "Documentation/virt/kvm/"


def documentation(
    progress: Progress, fresh: bool = False, folder: Path | None = None
) -> Iterator[Documentation]:
    """The documentation of each suite's kernel; ``fresh`` asks the mirror for newer ones.

    ``folder`` is where it is kept.  Raises `UsageProblem` or `LabFailure` if it is not available.
    """
    root = folder or default_root() / "documentation-3"
    for suite in SUITES:
        kept = root / suite
        if fresh or not kept.is_dir():
            fetch(suite, _META, _CURRENT, kept, _unpack, progress)
        yield _read(kept)


def _unpack(deb: Path, into: Path, name: re.Match[str]) -> None:
    def wanted(path: str) -> bool:
        _, found, document = path.removesuffix(".gz").partition(_PLACE)
        return bool(found) and document in DOCUMENTS

    for path, _, content in packages.members(deb, wanted):
        text = gzip.decompress(content) if path.endswith(".gz") else content
        (into / Path(path.removesuffix(".gz")).name).write_bytes(text)
    if not (into / "api.rst").is_file():
        raise LabFailure(f"{deb.name} has no {_PLACE}api.rst")
    (into / "release").write_text(name["release"])


def _read(kept: Path) -> Documentation:
    return Documentation(
        (kept / "release").read_text(),
        {path.name: section_numbers(path.read_text()) for path in sorted(kept.glob("*.rst"))},
    )
