"""Making the snapshot of a booted lab machine, and everything that it needs.

Not for: fetching kernels and user space (`stock`), or using the snapshot (`resume`).
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import bytecode
from .board import Board
from .initramfs import agent_files, cpio, userspace
from .kernel.own import OwnKernel
from .progress import Progress, megabytes
from .store import stock
from .store.cache import Cache, Entry
from .store.recipe import DEVICE_TREE, RAM, STUB, Recipe, perishable
from .vm import cpu, hardware, qemu, snapshot
from .vm.machine import ANSWER_SECONDS

# Snapshots kept for one line and board: other checkouts have another agent, so another snapshot.
KEPT = 3
# For the disk check: the largest snapshot and the initramfs.
SPACE_MB = 400


def make(cache: Cache, recipe: Recipe, progress: Progress) -> Entry:
    """The snapshot's entry; makes it and everything that it needs if it does not exist."""
    what = recipe.what
    usable = qemu.check(recipe.qemu_path)
    cpu.check(recipe.qemu_path, recipe.cpu)
    with cache.lock(recipe.slot.replace("/", "-"), what, progress):
        kept = stock.Stock(cache, progress)
        kernel = sound(cache, lambda: kept.kernel(recipe.line), progress)
        base = sound(cache, kept.userspace, progress)
        # Not the current entries: another run's set-up or import may have changed those by now.
        parts = cache.place(kernel), cache.place(base)
        place = recipe.place_of(*parts)
        found = cache.find(place)
        if found is not None:
            return found
        own = None
        if recipe.line.own is not None:
            content = kernel.file(stock.IMAGE).read_bytes()
            own = OwnKernel(content, recipe.line.own, recipe.cpu)
            own.check(progress)
        cache.need(SPACE_MB, f"the snapshot of {what}")

        with cache.scratch(recipe.slot) as scratch:
            board = Board(usable, recipe.host, recipe.cpu, kernel.file(stock.IMAGE), scratch, own)
            members = bytecode.with_bytecode(cache, base, board, progress)

            def build(folder: Path) -> dict[str, Any]:
                lack, facts = _boot_and_save(recipe, board, members, folder, progress)
                return {
                    "release": kernel.about["release"],
                    "qemu": usable.version,
                    "line": str(recipe.line.own or recipe.line.name),
                    "board": recipe.host.name,
                    "cpu": recipe.cpu,
                    "oldest_qemu": hardware.oldest_qemu(recipe.host),
                    "parts": perishable(*parts, recipe.qemu_path),
                    "lack": lack,
                    "facts": facts,
                }

            entry = cache.make(place, build)
        cache.keep_newest(recipe.slot, KEPT)
        progress(f"{what} is ready: {megabytes(entry.file(RAM).stat().st_size)}")
        return entry


def sound(cache: Cache, fetch: Callable[[], Entry], progress: Progress) -> Entry:
    """The entry that ``fetch`` returns; fetched again if its files are damaged."""
    entry = fetch()
    if cache.sound(entry):
        return entry
    progress(f"{entry.folder} is damaged, fetching it again")
    with cache.lock("packages", "packages", progress):
        cache.drop(entry)
    return fetch()


def _boot_and_save(
    recipe: Recipe,
    board: Board,
    base: dict[str, cpio.Member],
    folder: Path,
    progress: Progress,
) -> tuple[str, dict[str, Any]]:
    """Returns what the machine lacks, if that is known, and what its agent reported."""
    (folder / DEVICE_TREE).write_bytes(board.tree)
    (folder / STUB).write_bytes(stub())
    initramfs = userspace.with_agent(base, agent_files.INIT)
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            progress(f"booting {recipe.what} (once)")
            options = snapshot.options(theirs.fileno())
            machine = board.boot(initramfs, options, [theirs.fileno()])
        with machine:
            board.first_message(machine)
            machine.ping(ANSWER_SECONDS)
            # Asked of every kernel, so that the answer is ready after each resume.
            facts = machine.describe(ANSWER_SECONDS)
            lack = board.lack(machine, facts)
            if lack:
                progress(lack)
            progress("keeping a snapshot")
            with machine.quoted():
                snapshot.save(ours, folder / RAM)
    return lack, facts


def stub() -> bytes:
    """A kernel Image that is only a header (Documentation/arch/arm64/booting.rst).

    A machine that resumes has its kernel in the snapshot, but QEMU insists on a file.
    """
    return struct.pack("<IIQQQQQQ4sI", 0, 0, 0, 4096, 0, 0, 0, 0, b"ARM\x64", 0)
