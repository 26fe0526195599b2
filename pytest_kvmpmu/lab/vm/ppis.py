"""The PMUs' interrupts on a GICv3: one private interrupt, and a partition of it for each PMU.

A partition lists the CPUs whose interrupt it is
(Documentation/devicetree/bindings/interrupt-controller/arm,gic-v3.yaml).
Not for: boards with a GICv2 (`spis`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...data.host import Pmu
from ...support.devicetree import cell, library, walk
from ..failure import LabFailure
from .handles import Handles

COMPATIBLE = "arm,gic-v3"
# PPI 7 is the PMU's on QEMU's board (interrupt id 23); 4: level triggered, active high.
PMU_INTERRUPT = (1, 7, 4)


def connect(root: Any, gic: Any, cpus: Sequence[Any], pmus: Sequence[tuple[Any, Pmu]]) -> None:
    """Give the node of each of ``pmus`` its interrupt.  ``cpus`` are the nodes of the CPUs."""
    fdt, handles = library(), Handles(root)
    _widen(root, gic)
    partitions = fdt.Node("ppi-partitions")
    for number, (node, pmu) in enumerate(pmus):
        owners = [handles.of(cpus[cpu]) for cpu in sorted(pmu.covers)]
        partition = fdt.Node(f"interrupt-partition-{number}")
        partition.append(fdt.PropWords("affinity", *owners))
        partitions.append(partition)
        node.append(fdt.PropWords("interrupts", *PMU_INTERRUPT, handles.of(partition)))
    gic.append(partitions)


def _widen(root: Any, gic: Any) -> None:
    """Add a fourth cell, no partition, to every interrupt specifier of the GIC."""
    parent = cell(gic, "phandle")
    if cell(gic, "#interrupt-cells") != 3 or cell(root, "interrupt-parent") != parent:
        raise LabFailure("the GIC of QEMU's device tree is not the parent of all interrupts")
    gic.set_property("#interrupt-cells", 4)
    for node in walk(root):
        interrupts = node.get_property("interrupts")
        if interrupts is None or _parent_of_interrupts(node) != parent:
            continue
        words = list(interrupts.data)
        wider = [word for at in range(0, len(words), 3) for word in (*words[at : at + 3], 0)]
        node.set_property("interrupts", wider)


def _parent_of_interrupts(node: Any) -> int | None:
    while node is not None:
        own = cell(node, "interrupt-parent")
        if own is not None:
            return own
        node = node.parent
    return None
