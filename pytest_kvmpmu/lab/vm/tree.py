"""Nodes of a flattened device tree: walk them, read them, refer to them.

Not for: what a board's tree has (`devicetree`).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any


def library() -> Any:
    """The module fdt.

    Python warns when it compiles its sources; if warnings are errors, that would end a run.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import fdt

    return fdt


class Handles:
    """Gives out phandles: a node's own, or a new one."""

    def __init__(self, root: Any) -> None:
        self._last = max((cell(node, "phandle") or 0 for node in walk(root)), default=0)

    def of(self, node: Any) -> int:
        """The phandle of ``node``."""
        own = cell(node, "phandle")
        if own is None:
            self._last += 1
            own = self._last
            node.set_property("phandle", own)
        return own


def walk(node: Any) -> Iterator[Any]:
    """The node and all nodes below it."""
    yield node
    for child in node.nodes:
        yield from walk(child)


def cell(node: Any, name: str) -> int | None:
    """The number in the property ``name``, or None."""
    found = node.get_property(name)
    return None if found is None else int(found.value)


def says(node: Any, name: str, text: str) -> bool:
    """Whether ``text`` is one of the strings of the property ``name``."""
    found = node.get_property(name)
    return found is not None and text in found.data
