"""The board's device tree: QEMU's own, with the host's PMUs in place of QEMU's one.

All PMUs share one private interrupt; the GICv3's PPI partitions say which CPUs belong to a PMU
(Documentation/devicetree/bindings/interrupt-controller/arm,gic-v3.yaml).
Not for: getting QEMU's tree (`qemu`).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

from ...data.host import Host
from ..failure import LabFailure

# PPI 7 is the PMU's on QEMU's board (interrupt id 23); 4: level triggered, active high.
PMU_INTERRUPT = (1, 7, 4)
GIC = "arm,gic-v3"
# They have no devices, and each has interrupt specifiers that would have to be widened.
UNUSED = ("virtio_mmio@", "pcie@")


def library() -> Any:
    """The module fdt.

    Python warns when it compiles its sources; if warnings are errors, that would end a run.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import fdt

    return fdt


def board(dtb: bytes, host: Host) -> bytes:
    """The tree of ``host``, made from the ``dtb`` of a machine with the same number of CPUs.

    PMU nodes are in probe order.  Raises `LabFailure` if ``dtb`` is not as expected.
    """
    fdt = library()
    tree: Any = fdt.parse_dtb(dtb)
    for node in list(tree.root.nodes):
        if node.name.startswith(UNUSED) or _says(node, "compatible", "arm,armv8-pmuv3"):
            tree.root.remove_subnode(node.name)
    gic = next((node for node in _walk(tree.root) if _says(node, "compatible", GIC)), None)
    found = (node for node in _walk(tree.root) if _says(node, "device_type", "cpu"))
    cpus = sorted(found, key=lambda node: _cell(node, "reg") or 0)
    if gic is None or len(cpus) != len(host.cpus):
        raise LabFailure(
            f"QEMU's device tree has {len(cpus)} CPUs and {'a' if gic else 'no'} GICv3, "
            f"expected {len(host.cpus)} and one"
        )
    if host.pmus:
        handles = _Handles(tree.root)
        _widen(tree.root, gic)
        partitions = fdt.Node("ppi-partitions")
        for number, pmu in enumerate(host.pmus):
            owners = [handles.of(cpus[cpu]) for cpu in sorted(pmu.cpus)]
            partition = fdt.Node(f"interrupt-partition-{number}")
            partition.append(fdt.PropWords("affinity", *owners))
            partitions.append(partition)
            node = fdt.Node(f"pmu-{number}")
            node.append(fdt.PropStrings("compatible", pmu.compatible))
            interrupt = (*PMU_INTERRUPT, handles.of(partition))
            node.append(fdt.PropWords("interrupts", *interrupt))
            tree.root.append(node)
        gic.append(partitions)
    return bytes(tree.to_dtb(version=17))


def source(dtb: bytes) -> str:
    """The source text of a device tree."""
    return str(library().parse_dtb(dtb).to_dts())


def _widen(root: Any, gic: Any) -> None:
    """Add a fourth cell, no partition, to every interrupt specifier of the GIC."""
    parent = _cell(gic, "phandle")
    if _cell(gic, "#interrupt-cells") != 3 or _cell(root, "interrupt-parent") != parent:
        raise LabFailure("the GIC of QEMU's device tree is not the parent of all interrupts")
    gic.set_property("#interrupt-cells", 4)
    for node in _walk(root):
        interrupts = node.get_property("interrupts")
        if interrupts is None or _parent_of_interrupts(node) != parent:
            continue
        words = list(interrupts.data)
        wider = [cell for at in range(0, len(words), 3) for cell in (*words[at : at + 3], 0)]
        node.set_property("interrupts", wider)


def _parent_of_interrupts(node: Any) -> int | None:
    while node is not None:
        own = _cell(node, "interrupt-parent")
        if own is not None:
            return own
        node = node.parent
    return None


class _Handles:
    """Gives out phandles: a node's own, or a new one."""

    def __init__(self, root: Any) -> None:
        self._last = max((_cell(node, "phandle") or 0 for node in _walk(root)), default=0)

    def of(self, node: Any) -> int:
        own = _cell(node, "phandle")
        if own is None:
            self._last += 1
            own = self._last
            node.set_property("phandle", own)
        return own


def _walk(node: Any) -> Iterator[Any]:
    yield node
    for child in node.nodes:
        yield from _walk(child)


def _cell(node: Any, name: str) -> int | None:
    found = node.get_property(name)
    return None if found is None else int(found.value)


def _says(node: Any, name: str, text: str) -> bool:
    found = node.get_property(name)
    return found is not None and text in found.data
