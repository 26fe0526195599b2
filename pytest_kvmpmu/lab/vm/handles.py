"""References between the nodes of a device tree that is being made.

Not for: reading nodes (`support.devicetree`), or what a board's tree has (`devicetree`).
"""

from __future__ import annotations

from typing import Any

from ...support.devicetree import cell, walk


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
