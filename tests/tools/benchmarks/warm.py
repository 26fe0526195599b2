"""A warm start to the first answer, compared with QEMU alone with the same snapshot.

And the least that any agent would take: the snapshot of a machine in whose terminal ``cat`` stands
in the agent's place, and gives back the line that it gets.
"""

from __future__ import annotations

import os
import shlex
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pytest_kvmpmu import lab
from pytest_kvmpmu.data import topology
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.lab import bytecode, cpus, prepare, resume
from pytest_kvmpmu.lab.board import Board
from pytest_kvmpmu.lab.initramfs import agent_files, userspace
from pytest_kvmpmu.lab.progress import to_stderr
from pytest_kvmpmu.lab.store import stock
from pytest_kvmpmu.lab.store.cache import Cache, Entry
from pytest_kvmpmu.lab.store.recipe import DEVICE_TREE, RAM, STUB, Recipe
from pytest_kvmpmu.lab.vm import qemu, snapshot
from pytest_kvmpmu.lab.vm.machine import PING
from pytest_kvmpmu.wire.frame import encode

RUNS = 15
READY = b"ready\n"
# Replaces the Python on the serial line, after its message.
CAT = "-c " + shlex.quote(f"import os; os.write(1, {READY!r}); os.execv('/bin/busybox', ['cat'])")
LINE = encode(PING)


def recipe_of(line: str, host: Host) -> Recipe:
    """The recipe of the snapshot of ``line`` on ``host``."""
    return Recipe(lab.check_line(line), host, qemu.find(), cpus.DEFAULT)


def kept(recipe: Recipe) -> Entry:
    """The snapshot, which exists."""
    cache = Cache(None)
    place = recipe.place(cache)
    entry = cache.find(place) if place is not None else None
    assert entry is not None
    return entry


def figures(line: str) -> list[tuple[str, float, float]]:
    """The name of each start, seconds until it answered, and until QEMU alone had loaded it."""
    host = topology.load("rockpro64")
    recipe = recipe_of(line, host)
    with tempfile.TemporaryDirectory() as folder:
        echoing = echo(recipe, Path(folder))

        def ours() -> float:
            began = time.perf_counter()
            with lab.start(line, host):
                return time.perf_counter() - began

        return [
            ("warm start to first answer", *beside(ours, recipe, kept(recipe))),
            (
                "the same with `cat` for an agent",
                *beside(lambda: alone(recipe, echoing, LINE), recipe, echoing),
            ),
        ]


def beside(started: Callable[[], float], recipe: Recipe, entry: Entry) -> tuple[float, float]:
    """Medians of ``started`` and of QEMU alone with ``entry``, measured in turn."""
    measured = [(started(), alone(recipe, entry)) for _ in range(RUNS)]
    first, second = zip(*measured, strict=True)
    return statistics.median(first), statistics.median(second)


def alone(recipe: Recipe, entry: Entry, line: bytes = b"") -> float:
    """Seconds until QEMU runs the snapshot, and has returned ``line``, if there is one."""
    mine, theirs = socket.socketpair()
    with mine, theirs, entry.file(RAM).open("rb") as ram:
        fds = [theirs.fileno(), ram.fileno()]
        began = time.perf_counter()
        with subprocess.Popen(
            resume.command(recipe, entry, *fds),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            pass_fds=fds,
        ) as process:
            assert process.stdin is not None  # PIPE
            assert process.stdout is not None
            snapshot.wait_until_running(mine, snapshot.SECONDS)
            process.stdin.write(line)
            if line:
                until(line, process.stdout.fileno())
            took = time.perf_counter() - began
            process.kill()
    return took


def echo(recipe: Recipe, folder: Path) -> Entry:
    """A snapshot in ``folder`` of the machine of ``recipe`` in which ``cat`` waits for a line."""
    cache, mine = Cache(None), Cache(folder)
    had = stock.Stock(cache, to_stderr)
    kernel, base = had.kernel(recipe.line), had.userspace()
    usable = qemu.check(recipe.qemu_path)

    def build(place: Path) -> dict[str, Any]:
        board = Board(usable, recipe.host, recipe.cpu, kernel.file(stock.IMAGE), folder)
        members = bytecode.with_bytecode(cache, base, board, to_stderr)
        initramfs = userspace.with_agent(members, agent_files.init(CAT))
        (place / DEVICE_TREE).write_bytes(board.tree)
        (place / STUB).write_bytes(prepare.stub())
        ours, theirs = socket.socketpair()
        with ours, theirs:
            options = snapshot.options(theirs.fileno())
            with board.boot(initramfs, options, [theirs.fileno()]) as machine:
                until(READY, machine.channel.read_fd)
                os.write(machine.channel.write_fd, LINE)
                until(LINE, machine.channel.read_fd)
                snapshot.save(ours, place / RAM)
        return {"qemu": usable.version}

    return mine.make("echo", build)


def until(text: bytes, fd: int) -> None:
    """Read ``fd`` until ``text`` has arrived."""
    said = b""
    while text not in said:
        chunk = os.read(fd, 65536)
        if not chunk:
            raise RuntimeError(f"the lab VM ended, {said!r} is all that it said")
        said += chunk
