"""The device trees of Debian's arm64 kernel package, kept in the lab's folder.

Not for: what they describe (`boards`).  They stay out of the repository.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.archive import packages
from pytest_kvmpmu.lab.archive.choose import host_mirror, open_suite
from pytest_kvmpmu.lab.archive.mirror import SuiteMissing
from pytest_kvmpmu.lab.failure import LabFailure
from pytest_kvmpmu.lab.progress import Progress
from pytest_kvmpmu.lab.store.cache import default_root

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
        _fetch(kept, progress)
    return kept


def _fetch(kept: Path, progress: Progress) -> None:
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as work:
        suite = open_suite(host_mirror(), SUITE, Path(work))
        try:
            suite.update(progress)
        except SuiteMissing as gone:
            raise UsageProblem(
                f"the mirror does not have the suite {SUITE}",
                f"Replace SUITE of {Path(__file__).name}",
            ) from gone
        match = _CURRENT.search(suite.show([_META])[0].get("Depends", ""))
        if match is None:
            raise LabFailure(f"{_META} in {SUITE} does not depend on a kernel")
        debs = suite.debs([match[0]])[:1]
        suite.download(debs, Path(work), progress)
        made = Path(work, "made")
        _unpack(Path(work, debs[0].file), made)
        (made / "package").write_text(debs[0].file)
        shutil.rmtree(kept, ignore_errors=True)
        made.rename(kept)


def _unpack(deb: Path, into: Path) -> None:
    for path, info, content in packages.members(deb, lambda path: bool(_PLACE.fullmatch(path))):
        match = _PLACE.fullmatch(path)
        if match is None or not info.isfile():
            continue
        file = into / match["name"]
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    if not into.is_dir():
        raise LabFailure(f"{deb.name} has no device trees")
