"""Resources that this process could leak: threads, open files, child processes.

Without /proc only threads are found.
"""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")


@dataclass(frozen=True)
class Leavings:
    """Threads by name and number, descriptors with their files, children by process id."""

    threads: frozenset[str]
    files: frozenset[str]
    children: frozenset[str]

    @classmethod
    def now(cls) -> Leavings:
        """The resources at this moment."""
        threads = {f"{thread.name} ({thread.ident})" for thread in threading.enumerate()}
        return cls(frozenset(threads), _files(), _children())

    def since(self) -> str:
        """The resources added since then, as text; empty if there are none."""
        now = Leavings.now()
        kinds = (
            ("thread", now.threads - self.threads),
            ("open file", now.files - self.files),
            ("process", now.children - self.children),
        )
        return ", ".join(f"the {kind} {one}" for kind, more in kinds for one in sorted(more))


def _files() -> frozenset[str]:
    found = set()
    for path in (_PROC / "self/fd").glob("*"):
        with contextlib.suppress(OSError):  # the descriptor that lists them is closed by now
            found.add(f"{path.name} ({path.readlink()})")
    return frozenset(found)


def _children() -> frozenset[str]:
    found = set()
    for path in _PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            _, _, rest = path.read_text(errors="replace").rpartition(")")
            if int(rest.split()[1]) == os.getpid():
                found.add(path.parent.name)
    return frozenset(found)
