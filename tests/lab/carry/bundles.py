"""A small lab in a file: a real one, and made-up ones."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.lab.carry import bundle
from pytest_kvmpmu.lab.carry.bundle import MANIFEST, Bundle, File, Part

CONTENTS = {
    "kernels/0123456789abcdef/Image": b"kernel" * 5000,
    "user-space/0123456789abcdef/base.cpio": b"user space",
}


def _part(path: str, content: bytes) -> Part:
    file = File(path, len(content), hashlib.sha256(content).hexdigest())
    return Part(path.rpartition("/")[0], {"release": "6.12"}, (file,))


BUNDLE = Bundle(
    {"6.12": {"place": "kernels/0123456789abcdef", "also": "x"}},
    tuple(_part(path, content) for path, content in CONTENTS.items()),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, content in CONTENTS.items():
        place = tmp_path / "root" / path
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
    return tmp_path / "root"


@pytest.fixture
def written(tmp_path: Path, root: Path) -> Path:
    path = tmp_path / "lab.tar.gz"
    bundle.write(path, BUNDLE, root, lambda _: None)
    return path


def unpack(path: Path) -> Bundle:
    return bundle.unpack(path, path.parent / "into", lambda _: None, lambda _: None)


def made_up(
    path: Path,
    manifest: Any = None,
    change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None] = lambda _: None,
    after: bytes = b"",
) -> Path:
    """A bundle with another manifest, or whose members were changed by ``change``."""
    members = []
    first = json.dumps(BUNDLE.to_json() if manifest is None else manifest).encode()
    for name, content in [(MANIFEST, first), *CONTENTS.items()]:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        members.append((info, content))
    change(members)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    path.write_bytes(gzip.compress(out.getvalue() + after))
    return path
