"""A flattened device tree as bytes: its nodes, and their properties as cells and strings.

Not for: what the nodes mean (`data.device_tree`), or making a tree (`lab.vm.devicetree`).
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Iterator
from typing import Any

from ..errors import UsageProblem

# In front of each tree (devicetree specification, 5.2): the magic number, and the size in bytes.
_HEAD = struct.Struct(">II")
_MAGIC = 0xD00DFEED


def library() -> Any:
    """The module fdt.

    Python warns when it compiles its sources; if warnings are errors, that would end a run.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import fdt

    return fdt


def parse(dtb: bytes, what: str) -> Any:
    """The root node of a tree.  ``what`` it is, for messages.  Raises `UsageProblem`."""
    right = "Name a compiled device tree, FILE.dtb"
    if len(dtb) < _HEAD.size or _HEAD.unpack_from(dtb)[0] != _MAGIC:
        raise UsageProblem(f"{what} is not a flattened device tree", right)
    if len(dtb) < _HEAD.unpack_from(dtb)[1]:
        size = _HEAD.unpack_from(dtb)[1]
        raise UsageProblem(f"{what} is truncated: {len(dtb)} of {size} bytes", right)
    try:
        return library().parse_dtb(dtb).root
    except Exception as error:  # the library raises whatever a broken tree leads to
        raise UsageProblem(f"{what} is a broken device tree: {error}", right) from error


def walk(node: Any) -> Iterator[Any]:
    """The node and all nodes below it, in the tree's order: the kernel makes devices in it."""
    yield node
    for child in node.nodes:
        yield from walk(child)


def raw(node: Any, name: str) -> bytes:
    """The bytes of a property; none if the node lacks it.  The library guesses its type."""
    found = node.get_property(name)
    data = getattr(found, "data", None) or []
    if isinstance(data, (bytes, bytearray)):
        return bytes(data)
    return b"".join(
        one.encode() + b"\0" if isinstance(one, str) else struct.pack(">I", one) for one in data
    )


def cells(node: Any, name: str) -> tuple[int, ...]:
    """The 32-bit numbers of a property; none if the node lacks it."""
    data = raw(node, name)
    return struct.unpack(f">{len(data) // 4}I", data[: len(data) // 4 * 4])


def cell(node: Any, name: str, default: int | None = None) -> int | None:
    """The first number of a property, or ``default``."""
    return next(iter(cells(node, name)), default)


def strings(node: Any, name: str) -> tuple[str, ...]:
    """The strings of a property; none if the node lacks it."""
    parts = raw(node, name).decode(errors="replace").split("\0")
    return tuple(part for part in parts if part)


def enabled(node: Any) -> bool:
    """Whether the kernel makes a device of the node: its ``status`` is okay or missing."""
    return strings(node, "status")[:1] in ((), ("okay",), ("ok",))


def inherited(node: Any, name: str) -> int | None:
    """The first number of a property of the node, or of the nearest node above that has it."""
    while node is not None:
        own = cell(node, name)
        if own is not None:
            return own
        node = node.parent
    return None
