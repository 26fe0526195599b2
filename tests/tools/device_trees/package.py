"""The device trees of Debian's arm64 kernel package, kept in the lab's folder.

Not for: what they describe (`boards`).  They stay out of the repository.
"""

from __future__ import annotations

import re
from pathlib import Path

from pytest_kvmpmu.lab.archive import packages
from pytest_kvmpmu.lab.failure import LabFailure
from pytest_kvmpmu.lab.progress import Progress
from pytest_kvmpmu.lab.store.cache import default_root

from ..newest_package import fetch

SUITE = "trixie"
_META = "linux-image-arm64"
_CURRENT = re.compile(r"linux-image-\S+-arm64\b")
_PLACE = re.compile(r"usr/lib/linux-image-[^/]+/(?P<name>.+\.dtb)")


def trees(progress: Progress, fresh: bool = False, folder: Path | None = None) -> Path:
    """The folder with the package's device trees; ``fresh`` asks the mirror for a newer package.

    ``folder`` is where they are kept.  Raises `UsageProblem` or `LabFailure` if they are not
    available.
    """
    kept = (folder or default_root() / "device-trees") / SUITE
    if fresh or not kept.is_dir():
        fetch(SUITE, _META, _CURRENT, kept, _unpack, progress)
    return kept


def _unpack(deb: Path, into: Path, _: re.Match[str]) -> None:
    for path, info, content in packages.members(deb, lambda path: bool(_PLACE.fullmatch(path))):
        match = _PLACE.fullmatch(path)
        if match is None or not info.isfile():
            continue
        file = into / match["name"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    if not any(into.iterdir()):
        raise LabFailure(f"{deb.name} has no device trees")
    (into / "package").write_text(deb.name)
