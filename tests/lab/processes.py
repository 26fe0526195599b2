"""Which processes exist, and whether they end."""

from __future__ import annotations

import os
import time
from pathlib import Path


def ended(pid: int) -> bool:
    """Whether a process ends within 5 s; a zombie has ended."""
    for _ in range(500):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)  # the end of a process that isn't our child must be polled
    return False


def qemus(root: Path) -> list[int]:
    """The ids of the QEMUs that run from the cache ``root``."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if b"qemu-system" in command and os.fsencode(root) in command:
            found.append(int(folder.name))
    return found


def all_end(root: Path) -> bool:
    """Whether the QEMUs that run from the cache ``root`` end, each within 5 s."""
    return all(map(ended, qemus(root)))
