"""Two caches, one of them with a lab; no machine is started."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu import lab
from pytest_kvmpmu.lab import lines
from pytest_kvmpmu.lab.carry import transfer
from pytest_kvmpmu.lab.store import recipe, stock
from pytest_kvmpmu.lab.store.cache import Cache, Entry

from ..conftest import BOARD, LINE
from .bundles import root as root
from .bundles import written as written

OTHER = lines.names()[1]
PLACES = {
    LINE: "kernels/00000000000000aa",
    OTHER: "kernels/00000000000000bb",
    recipe.USERSPACE: "user-space/00000000000000cc",
}
BYTECODE = "bytecode/00000000000000cc"
FILES = {"kernels": "Image", "user-space": "base.cpio", "bytecode": "bytecode.cpio"}


def put(cache: Cache, place: str, content: bytes = b"content") -> Entry:
    def build(folder: Path) -> dict[str, Any]:
        (folder / FILES[place.partition("/")[0]]).write_bytes(content + place.encode())
        return {"release": f"release of {place[-2:]}", "packages": ["p 1"]}

    return cache.make(place, build)


@pytest.fixture
def here(tmp_path: Path) -> Cache:
    """A cache with two lines, whose machines are not started by `export`."""
    cache = Cache(tmp_path / "here")
    for place in (*PLACES.values(), BYTECODE):
        put(cache, place)
    for name, also in stock.also_keys().items():
        if name in PLACES:
            cache.note(f"current/{name}.json", {"place": PLACES[name], "also": also})
    return cache


@pytest.fixture
def there(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "there")


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lines that were started, and their boards."""
    names: list[str] = []

    class Machine:
        def close(self) -> None:
            pass

    def start(line: str, host: Any, *, cpu: str | None = None, **_: Any) -> Machine:
        names.append(f"{line} on {host.name}" + (f" with {cpu}" if cpu else ""))
        return Machine()

    monkeypatch.setattr(transfer, "start", start)
    monkeypatch.setattr(lab, "start", start)
    return names


@pytest.fixture
def file(here: Cache, started: list[str], tmp_path: Path) -> Path:
    path = tmp_path / "lab.tar.gz"
    transfer.export(path, [], BOARD, cache_dir=here.root.parent, progress=lambda _: None)
    return path


def take(path: Path, cache: Cache, said: list[str] | None = None) -> list[str]:
    progress = said.append if said is not None else lambda _: None
    return transfer.import_(path, cache_dir=cache.root.parent, progress=progress)
