"""The standard library's bytecode: made once for a user space, by a guest that is made up here."""

from __future__ import annotations

import base64
import contextlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from pytest_kvmpmu.lab import bytecode
from pytest_kvmpmu.lab.board import Board
from pytest_kvmpmu.lab.initramfs import cpio
from pytest_kvmpmu.lab.store import stock
from pytest_kvmpmu.lab.store.cache import Cache, Entry

LIBRARY = "usr/lib/python3.12"
STAMPED = b"\xa7\r\r\n" + bytes(4) + b"timesize" + b"code"
UNCHECKED = b"\xa7\r\r\n" + b"\1\0\0\0" + bytes(8) + b"code"


class Guest:
    """A board whose machine says one module's bytecode, and what it was booted with."""

    def __init__(self) -> None:
        self.initramfs: list[dict[str, cpio.Member]] = []
        packed = base64.b64encode(zlib.compress(STAMPED)).decode()
        self.first = {
            "path": f"/{LIBRARY}/__pycache__/os.cpython-312.pyc",
            "packed": packed,
        }

    @contextlib.contextmanager
    def boot(self, initramfs: bytes) -> Iterator[Guest]:
        self.initramfs.append(dict(cpio.read(initramfs)))
        yield self

    def first_message(self, _machine: Guest) -> Any:
        return self.first

    def receive(self, _seconds: float) -> Any:
        return {"path": ""}


@pytest.fixture
def base(cache: Cache) -> Entry:
    """A user space of two modules."""
    members = {f"{LIBRARY}/{name}.py": cpio.file(b"# source") for name in ("os", "argparse")}

    def build(folder: Path) -> dict[str, Any]:
        (folder / stock.BASE).write_bytes(cpio.archive(members))
        return {}

    return cache.make("user-space/0123", build)


def made(cache: Cache, base: Entry, guest: Guest, said: list[str]) -> dict[str, cpio.Member]:
    return bytecode.with_bytecode(cache, base, cast(Board, guest), said.append)


def test_a_module_that_the_agent_imports_is_there_as_the_guests_bytecode(
    cache: Cache, base: Entry, said: list[str]
) -> None:
    guest = Guest()
    members = made(cache, base, guest, said)
    assert members[f"{LIBRARY}/os.pyc"].content == UNCHECKED
    assert f"{LIBRARY}/os.py" not in members
    assert said == ["booting to compile the guest's standard library (once)"]
    (booted,) = guest.initramfs
    assert f"{LIBRARY}/argparse.py" in booted


def test_a_user_space_is_compiled_once(cache: Cache, base: Entry, said: list[str]) -> None:
    guest = Guest()
    assert made(cache, base, guest, said) == made(cache, base, guest, said)
    assert len(guest.initramfs) == 1


def test_damaged_bytecode_is_made_anew(cache: Cache, base: Entry, said: list[str]) -> None:
    guest = Guest()
    members = made(cache, base, guest, said)
    (kept,) = cache.root.glob("bytecode/*/bytecode.cpio")
    content = kept.read_bytes()
    kept.write_bytes(content[:-1] + b"x")
    assert made(cache, base, guest, said) == members
    assert len(guest.initramfs) == 2
    (kept,) = cache.root.glob("bytecode/*/bytecode.cpio")
    assert kept.read_bytes() == content


def test_bytecode_is_marked_as_valid_whatever_its_sources_time() -> None:
    assert bytecode.unchecked(STAMPED) == UNCHECKED
