"""A kernel of the user's own: checks before its boot, and why it did not boot.

Not for: anything that Debian's kernels need too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...errors import UsageProblem
from ..progress import Progress
from ..vm.console import Console
from . import image, kconfig, postmortem

# The first output takes a second or two; later output may take longer.
SILENCE_SECONDS = 60.0


class OwnKernel:
    """The kernel ``content`` (an Image) of the user's file ``path``, for an emulated ``cpu``."""

    def __init__(self, content: bytes, path: Path, cpu: str) -> None:
        self._path = path
        self._cpu = cpu
        self._pages = image.page_kilobytes(content)
        release = image.release(content, str(path))
        self._config = kconfig.find(content, path, release)
        self._lacks = self._config.lacks(release) if self._config else []

    def check(self, progress: Progress) -> None:
        """Report what its configuration lacks.  Raises `UsageProblem` if it surely can't boot."""
        if self._config is None or not self._lacks:
            return
        never = [need for need in self._lacks if need.boots]
        if never and self._config.sure:
            raise UsageProblem(
                f"{self._path} cannot boot in the lab: {self._config.describe(never)}",
                "Build it with these options built in (=y)",
            )
        progress(self._config.describe(self._lacks))

    def why_no_agent(self, console: Console) -> str:
        """Why a boot failed, in one line."""
        return self._with_config(postmortem.of_boot(console.text(), self._pages, self._cpu))

    def lack(self, facts: dict[str, Any], pmus: int, console: Console) -> str:
        """What the machine lacks to run the specs, in one line; empty if nothing."""
        lack = postmortem.of_machine(facts, pmus, console.text())
        return self._with_config(lack) if lack else ""

    def _with_config(self, text: str) -> str:
        lacks = self._config.describe(self._lacks) if self._config and self._lacks else ""
        return "; ".join(part for part in (text, lacks) if part)
