"""Reading a flattened device tree."""

from __future__ import annotations

import struct

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.support import devicetree

from ..data import trees

TREE = {
    "one": 7,
    "text": ("a", "bc"),
    "empty": True,
    # Cells that look like text, which the library takes for strings.
    "ambiguous": (0x61626300, 0x64656600),
    "child": {"status": "disabled", "grandchild": {"one": 8}},
}


def test_properties_are_cells_and_strings() -> None:
    root = devicetree.parse(trees.dtb(TREE), "it")
    assert devicetree.cells(root, "one") == (7,)
    assert devicetree.cell(root, "one") == 7
    assert devicetree.strings(root, "text") == ("a", "bc")
    assert devicetree.cells(root, "ambiguous") == (0x61626300, 0x64656600)
    assert devicetree.cells(root, "empty") == devicetree.cells(root, "absent") == ()
    assert devicetree.cell(root, "absent") is None
    assert devicetree.cell(root, "absent", 3) == 3


def test_nodes_are_in_order_and_inherit() -> None:
    root = devicetree.parse(trees.dtb(TREE), "it")
    nodes = list(devicetree.walk(root))
    assert [node.name for node in nodes] == ["/", "child", "grandchild"]
    assert [devicetree.enabled(node) for node in nodes] == [True, False, True]
    assert [devicetree.inherited(node, "one") for node in nodes] == [7, 7, 8]
    assert devicetree.inherited(nodes[2], "absent") is None


@pytest.mark.parametrize(
    ("dtb", "says"),
    [
        (b"", "it is not a flattened device tree"),
        (b"\xd0\x0d\xfe\xed", "it is not a flattened device tree"),
        (trees.dtb(TREE)[:100], "it is truncated: 100 of"),
        (struct.pack(">II", 0xD00DFEED, 8), "it is a broken device tree"),
    ],
)
def test_other_files_are_refused(dtb: bytes, says: str) -> None:
    with pytest.raises(UsageProblem, match=says):
        devicetree.parse(dtb, "it")
