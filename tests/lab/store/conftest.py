"""A cache with what is current and what was, and the commands that look at it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu import commands
from pytest_kvmpmu.lab.store import recipe
from pytest_kvmpmu.lab.store.cache import Cache

from ..conftest import Pretend

KERNEL, OLD_KERNEL, BASE = "kernels/now", "kernels/then", "user-space/now"
SLOT = "snapshots/6.12-0123abcd"
SNAPSHOT, OLD_SNAPSHOT = f"{SLOT}/now", f"{SLOT}/then"


@pytest.fixture
def filled(cache: Cache, pretend: Pretend) -> Cache:
    """A cache with current and outdated entries: a kernel, user space, a snapshot."""
    pretend("qemu-system-aarch64", "exit 0")
    add(cache, KERNEL, release="6.12.9", packages=["linux-image-6.12.9-arm64 6.12.9-1"])
    add(cache, OLD_KERNEL, release="6.12.8")
    add(cache, BASE)
    add(cache, "bytecode/now")
    add(cache, "bytecode/then")
    cache.note("current/6.12.json", {"place": KERNEL})
    cache.note("current/user-space.json", {"place": BASE})
    program = str(Path(os.environ["PATH"].split(":")[0], "qemu-system-aarch64"))
    parts = recipe.perishable(KERNEL, BASE, program)
    about = {"release": "6.12.9", "line": "6.12", "board": "rockpro64"}
    add(cache, SNAPSHOT, **about, parts=parts)
    add(cache, OLD_SNAPSHOT, **about, parts={**parts, "agent": "another"})
    return cache


def add(cache: Cache, place: str, **about: Any) -> None:
    def build(folder: Path) -> dict[str, Any]:
        (folder / "content").write_bytes(bytes(2_000_000))
        return about

    cache.make(place, build)


def lab(cache: Cache, *arguments: str) -> int:
    action, *more = arguments
    return commands.main(["lab", action, "--cache-dir", str(cache.root.parent), *more])


def row(text: str, line: str) -> list[str]:
    (found,) = [each for each in text.splitlines() if each.startswith(f"{line} ")]
    return found.split()
