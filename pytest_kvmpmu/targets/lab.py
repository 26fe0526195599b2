"""A lab VM: a real arm64 kernel in QEMU, its agent on the serial line."""

from __future__ import annotations

from pathlib import Path

from ..host import Host
from . import Target
from .link import Link, LinkLost


class LabTarget(Target):
    """The kernel line ``line`` on ``board``; prepared at the first use."""

    def __init__(
        self, line: str, board: Host, cache_dir: Path | None = None, cpu: str | None = None
    ) -> None:
        from ..lab import check_line, cpus

        check_line(line)
        self._cpu = cpu or cpus.DEFAULT
        self.notes = (f"emulated CPU {self._cpu}",)
        self.name = f"lab:{line}"
        self._line = line
        self._board = board
        self._cache_dir = cache_dir

    def fitted(self, board: Host) -> Host:
        from ..lab import cpus

        return cpus.fitted(board, self._cpu)

    def connect(self) -> Link:
        from ..lab import LabFailure, start

        try:
            vm = start(self._line, self._board, cache_dir=self._cache_dir, cpu=self._cpu)
        except LabFailure as failure:
            raise LinkLost(str(failure)) from failure
        self.lack = vm.lack
        return Link(vm.read_fd, vm.write_fd, vm.close, vm.said, vm.pid)
