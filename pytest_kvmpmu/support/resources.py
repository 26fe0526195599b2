"""The folders of data and specs: beside the package in a checkout, inside it in the wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def _find(name: str) -> Path:
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def fixtures_dir() -> Path:
    """The folder with ``topologies/`` and ``payloads/``."""
    return _find("fixtures")


def conformance_dir() -> Path:
    """The folder with the specs."""
    return _find("conformance")
