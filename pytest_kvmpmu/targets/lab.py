"""A lab VM: a real arm64 kernel in QEMU, its agent on the serial line."""

from __future__ import annotations

from pathlib import Path

from .. import lab
from ..data.host import Host
from ..link.link import Link, LinkLost
from ..settings import LAB, Settings
from .base import Target


def names() -> list[str]:
    """The kernel lines that the lab has."""
    return [f"{LAB}:{line}" for line in lab.line_names()]


def target(rest: str | None, settings: Settings) -> Target | None:
    """``lab:LINE``; None without a line.  Raises `UsageProblem` for an unknown line."""
    if rest is None:
        return None
    return LabTarget(rest, settings.board, settings.cache_dir, settings.lab_cpu)


class LabTarget(Target):
    """The kernel line ``line`` on ``board``; prepared at its first use."""

    boots = True

    def __init__(
        self, line: str, board: Host, cache_dir: Path | None = None, cpu: str | None = None
    ) -> None:
        self.name = f"{LAB}:{line}"
        known = lab.check_line(line)
        self._cpu = lab.core_of(board, known, cpu)
        self.notes = (f"emulated CPU {self._cpu}",)
        self._line = line
        self._board = board
        self._cache_dir = cache_dir

    def fitted(self, board: Host) -> Host:
        return lab.fitted(board, self._cpu, lab.check_line(self._line))

    def connect(self) -> Link:
        try:
            vm = lab.start(self._line, self._board, cache_dir=self._cache_dir, cpu=self._cpu)
        except lab.LabFailure as failure:
            raise LinkLost(str(failure)) from failure
        self.lack = vm.lack
        return Link(vm.channel, vm.close, vm.said)
