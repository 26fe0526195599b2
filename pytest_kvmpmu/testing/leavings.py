"""What this process has that it could leave behind: threads, open files, child processes.

Files and children are seen where there is a /proc; elsewhere threads alone are.
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
    """Threads by name and number, descriptors with what they lead to, children by id."""

    threads: frozenset[str]
    files: frozenset[str]
    children: frozenset[str]

    @classmethod
    def now(cls) -> Leavings:
        """What there is at this moment."""
        threads = {f"{thread.name} ({thread.ident})" for thread in threading.enumerate()}
        return cls(frozenset(threads), _files(), _children())

    def since(self) -> str:
        """What came since then and is still there, in words; empty where there is nothing."""
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
        with contextlib.suppress(OSError):  # the one that lists them is closed again
            found.add(f"{path.name} ({path.readlink()})")
    return frozenset(found)


def _children() -> frozenset[str]:
    found = set()
    for path in _PROC.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            _, _, rest = path.read_text(errors="replace").rpartition(")")
            if int(rest.split()[1]) == os.getpid():
                found.add(path.parent.name)
    return frozenset(found)
