"""The standard library's bytecode, compiled by the guest's Python, once for each user space.

In QEMU compiling takes most of the time until the agent's first message.  The bytecode
depends on the guest's Python version, so the host's Python can't make it.
"""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from typing import Any

from .board import Board
from .initramfs import agent_files, cpio, userspace
from .progress import Progress
from .store import stock
from .store.cache import Cache, Entry
from .vm.machine import BOOT_SECONDS

BYTECODE = "bytecode.cpio"
_SCRIPT = "compile.py"
# Importing the agent writes the bytecode of all its imports; the agent's own is ignored.
_COMPILE = """
import base64, os, sys, zlib
sys.path.insert(0, "")
import pytest_kvmpmu.agent.server
from pytest_kvmpmu.wire.frame import encode

def say(body):
    sys.stdout.buffer.write(encode(body))
    sys.stdout.buffer.flush()

for folder, _, names in os.walk("/usr/lib"):
    for name in names:
        if name.endswith(".pyc"):
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                packed = base64.b64encode(zlib.compress(file.read())).decode()
            say({"path": path, "packed": packed})
say({"path": ""})
"""


def with_bytecode(
    cache: Cache, base: Entry, board: Board, progress: Progress
) -> dict[str, cpio.Member]:
    """The members of the user space ``base``, slimmed with its bytecode (`userspace.slim`)."""
    place = f"bytecode/{base.folder.name}"
    members = dict(cpio.read(base.file(stock.BASE).read_bytes()))

    def build(folder: Path) -> dict[str, Any]:
        progress("booting to compile the guest's standard library (once)")
        (folder / BYTECODE).write_bytes(cpio.archive(_compiled(board, members)))
        return {}

    with cache.lock("bytecode", "the standard library", progress):
        entry = cache.find(place)
        if entry is None or not cache.sound(entry):
            entry = cache.make(place, build)
            cache.keep_newest("bytecode", stock.USERSPACES_KEPT)
    bytecode = dict(cpio.read(entry.file(BYTECODE).read_bytes()))
    return userspace.slim(members, bytecode)


def _compiled(board: Board, members: dict[str, cpio.Member]) -> dict[str, cpio.Member]:
    more = members | {f"{agent_files.HOME}/{_SCRIPT}": cpio.file(_COMPILE.encode())}
    found: dict[str, cpio.Member] = {}
    with board.boot(userspace.with_agent(more, agent_files.init(_SCRIPT))) as machine:
        message = board.first_message(machine)
        while path := message["path"]:
            content = zlib.decompress(base64.b64decode(message["packed"]))
            found[str(path).lstrip("/")] = cpio.file(unchecked(content))
            message = machine.receive(BOOT_SECONDS)
    return found


def unchecked(bytecode: bytes) -> bytes:
    """``bytecode``, but valid for any time stamp of its source (PEP 552).

    Not every kernel sets the times of unpacked files to those in the archive.
    """
    return bytecode[:4] + struct.pack("<IQ", 1, 0) + bytecode[16:]
