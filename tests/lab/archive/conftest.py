"""A small signed archive, read without apt."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.lab.archive.mirror import Mirror
from pytest_kvmpmu.lab.archive.plain import LIST, PlainSuite

from ..debian import Archive
from ..web import Web

LIST_PATH = f"/dists/stable/{LIST}.xz"


@pytest.fixture
def suite(plain: None, archive: Archive, web: Web, tmp_path: Path) -> PlainSuite:
    """A suite with two packages; `archive` can be changed before the update."""
    archive.add("a", Depends="b (>= 1)")
    archive.add("b", "1:1.2", {"usr/b": b"b" * 100_000})
    archive.publish()
    return PlainSuite(Mirror(web.url, str(archive.key.public)), "stable", tmp_path / "state")


def update(suite: PlainSuite) -> None:
    suite.update(lambda _: None)
