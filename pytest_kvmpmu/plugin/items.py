"""What this plugin needs to know about a test: its name, and whether it uses a backend."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path

import pytest

from ..support.resources import conformance_dir

_NAME: pytest.StashKey[str] = pytest.StashKey()


def needed_by(items: Sequence[pytest.Item]) -> bool:
    """Whether one of the tests uses a backend."""
    return any(map(uses_backend, items))


def uses_backend(item: pytest.Item) -> bool:
    """Whether the test does."""
    return "kvmpmu_backend" in getattr(item, "fixturenames", ())


def name_of(item: pytest.Item) -> str:
    """The test's node id; for one of our specs it is the same wherever they are installed."""
    name = item.stash.get(_NAME, None)
    if name is None:
        file, colons, inner = item.nodeid.partition("::")
        ours = _file_of_ours(item.path)
        # pytest omits the file if the command line names one outside of rootdir.
        name = item.stash[_NAME] = f"{ours or file or item.path.name}{colons}{inner}"
    return name


@functools.cache
def _file_of_ours(path: Path) -> str:
    """The file as in our specs' names; empty if it is not one of ours."""
    specs = conformance_dir()
    return path.relative_to(specs.parent).as_posix() if path.is_relative_to(specs) else ""
