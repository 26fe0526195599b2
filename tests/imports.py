"""Which modules of a package import which, read from their source: late imports, and those for
type checkers alone, count as any other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Import(NamedTuple):
    """One name that a module imports, with its place: ``imported`` is a module or one's name."""

    place: str
    module: str
    imported: str


def name_of(path: Path, package: Path) -> str:
    """The name of the module in a file below the folder ``package``."""
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path, package: Path) -> Iterator[Import]:
    """What one file imports."""
    module = name_of(path, package)
    place = path.relative_to(package.parent).as_posix()
    folder = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = folder.split(".")
            base = parts[: len(parts) - node.level + 1] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            names = [f"{start}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (Import(f"{place}:{node.lineno}", module, name) for name in names)


def imports_in(package: Path) -> list[Import]:
    """What all files below the folder import."""
    return [found for path in sorted(package.rglob("*.py")) for found in imports_of(path, package)]


def within(package: Path) -> list[Import]:
    """The imports of the package's modules by each other; what is imported is a module."""
    modules = {name_of(path, package) for path in package.rglob("*.py")}
    found = []
    for one in imports_in(package):
        name = one.imported
        while name and name not in modules:
            name = name.rpartition(".")[0]
        if name and name != one.module:
            found.append(one._replace(imported=name))
    return found
