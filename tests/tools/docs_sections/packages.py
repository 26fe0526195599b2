"""Debian's linux-doc packages: the documents that clauses name, kept in the lab's folder."""

from __future__ import annotations

import gzip
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.archive import packages
from pytest_kvmpmu.lab.archive.choose import host_mirror, open_suite
from pytest_kvmpmu.lab.archive.mirror import SuiteMissing
from pytest_kvmpmu.lab.failure import LabFailure
from pytest_kvmpmu.lab.progress import Progress
from pytest_kvmpmu.lab.store.cache import default_root

from .headings import Documentation, section_numbers

# A suite for each kernel line that the lab boots, and the newest.
SUITES = ("bullseye", "bookworm", "trixie", "forky")
DOCUMENTS = (
    "api.rst",
    "devices/vcpu.rst",
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
    root = folder or default_root() / "documentation-2"
    for suite in SUITES:
        kept = root / suite
        if fresh or not kept.is_dir():
            _fetch(suite, kept, progress)
        yield _read(kept)


def _fetch(name: str, kept: Path, progress: Progress) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as work:
        suite = open_suite(host_mirror(), name, Path(work))
        try:
            suite.update(progress)
        except SuiteMissing as gone:
            raise UsageProblem(
                f"the mirror does not have the suite {name}",
                f"Replace it in SUITES of {Path(__file__).name}",
            ) from gone
        match = _CURRENT.search(suite.show([_META])[0].get("Depends", ""))
        if match is None:
            raise LabFailure(f"{_META} in {name} does not depend on the documentation of a release")
        debs = suite.debs([match[0]])[:1]
        suite.download(debs, Path(work), progress)
        made = Path(work, "made")
        made.mkdir()
        _unpack(Path(work, debs[0].file), made)
        (made / "release").write_text(match["release"])
        shutil.rmtree(kept, ignore_errors=True)
        made.rename(kept)


def _unpack(deb: Path, into: Path) -> None:
    def wanted(path: str) -> bool:
        _, found, name = path.removesuffix(".gz").partition(_PLACE)
        return bool(found) and name in DOCUMENTS

    for path, _, content in packages.members(deb, wanted):
        text = gzip.decompress(content) if path.endswith(".gz") else content
        (into / Path(path.removesuffix(".gz")).name).write_bytes(text)
    if not (into / "api.rst").is_file():
        raise LabFailure(f"{deb.name} has no {_PLACE}api.rst")


def _read(kept: Path) -> Documentation:
    return Documentation(
        (kept / "release").read_text(),
        {path.name: section_numbers(path.read_text()) for path in sorted(kept.glob("*.rst"))},
    )
