"""Which specs cite which clauses, read from their source: nothing is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MARKER = "kvmpmu_clause"


class Citation(NamedTuple):
    """One marker: the slugs that it writes out, and its place (``test_x.py:12``).

    ``literal`` is False where something else than written-out slugs stands in it.
    """

    slugs: tuple[str, ...]
    place: str
    literal: bool = True


def citations(folder: Path) -> list[Citation]:
    """All kvmpmu_clause markers in the Python files below ``folder``, in their order."""
    return [
        found
        for path in sorted(folder.rglob("*.py"))
        for found in in_file(path, path.relative_to(folder))
    ]


def in_file(path: Path, name: Path) -> list[Citation]:
    """Those in one file, which the citations' places call ``name``."""
    return list(_of_source(path.read_text(encoding="utf-8"), name))


def _of_source(text: str, name: Path) -> Iterator[Citation]:
    for node in ast.walk(ast.parse(text, str(name))):
        if not isinstance(node, ast.Call) or not _is_marker(node.func):
            continue
        slugs = [_literal(arg) for arg in node.args]
        known = tuple(slug for slug in slugs if slug is not None)
        literal = bool(slugs) and len(known) == len(slugs)
        yield Citation(known, f"{name.as_posix()}:{node.lineno}", literal)


def _is_marker(function: ast.expr) -> bool:
    named = function.attr if isinstance(function, ast.Attribute) else ""
    return MARKER in (named, function.id if isinstance(function, ast.Name) else "")


def _literal(arg: ast.expr) -> str | None:
    if isinstance(arg, ast.Constant) and isinstance(arg.value, str):
        return arg.value
    return None
