"""Fetch the package that a Debian meta-package leads to, and keep what a program needs of it."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.archive.choose import host_mirror, open_suite
from pytest_kvmpmu.lab.archive.mirror import SuiteMissing
from pytest_kvmpmu.lab.failure import LabFailure
from pytest_kvmpmu.lab.progress import Progress

# Fills the empty folder from the package file; the match is that of its name.
Unpack = Callable[[Path, Path, "re.Match[str]"], None]


def fetch(
    suite_name: str,
    meta: str,
    current: re.Pattern[str],
    kept: Path,
    unpack: Unpack,
    progress: Progress,
) -> None:
    """Replace the folder ``kept`` by what ``unpack`` makes of the newest package.

    ``current`` finds the package's name in the Depends of ``meta``.  Raises `UsageProblem` if the
    mirror lacks the suite, `LabFailure` if no package is found.
    """
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as work:
        suite = open_suite(host_mirror(), suite_name, Path(work))
        try:
            suite.update(progress)
        except SuiteMissing as gone:
            raise UsageProblem(
                f"the mirror does not have the suite {suite_name}",
                "Replace its name in the program",
            ) from gone
        match = current.search(suite.show([meta])[0].get("Depends", ""))
        if match is None:
            raise LabFailure(f"{meta} in {suite_name} does not depend on a package of a release")
        debs = suite.debs([match[0]])[:1]
        suite.download(debs, Path(work), progress)
        made = Path(work, "made")
        made.mkdir()
        unpack(Path(work, debs[0].file), made, match)
        shutil.rmtree(kept, ignore_errors=True)
        made.rename(kept)
