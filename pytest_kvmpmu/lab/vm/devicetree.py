"""The board's device tree: QEMU's own, with the host's PMUs in place of QEMU's one.

Not for: getting QEMU's tree (`qemu`), or the PMUs' interrupts (`ppis`, `spis`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ...data.host import Host
from ...support import devicetree as reading
from ...support.devicetree import cell, library, strings, walk
from ..failure import LabFailure
from . import handles, hardware, ppis, spis

# They have no devices, and each has interrupt specifiers that would have to be widened.
UNUSED = ("virtio_mmio@", "pcie@")
# The PMUs' interrupts, by the version of the board's GIC.
_INTERRUPTS = {2: spis, 3: ppis}
# The files that a tree depends on.
SOURCES = tuple(
    Path(str(source))
    for source in (__file__, *(m.__file__ for m in (handles, ppis, reading, spis)))
)


def board(dtb: bytes, host: Host) -> bytes:
    """The tree of ``host``, made from the ``dtb`` of a machine with the same number of CPUs.

    It has the CPUs and PMUs that are offline too.  PMU nodes are in probe order.  Raises
    `LabFailure` if ``dtb`` is not as expected.
    """
    fdt = library()
    parsed: Any = fdt.parse_dtb(dtb)
    root = parsed.root
    for node in list(root.nodes):
        if node.name.startswith(UNUSED) or "arm,armv8-pmuv3" in strings(node, "compatible"):
            root.remove_subnode(node.name)
    version = hardware.gic(host)
    interrupts = _INTERRUPTS[version]
    kind = interrupts.COMPATIBLE
    gic = next((node for node in walk(root) if kind in strings(node, "compatible")), None)
    found = (node for node in walk(root) if "cpu" in strings(node, "device_type"))
    cpus = sorted(found, key=lambda node: cell(node, "reg") or 0)
    if gic is None or len(cpus) != len(host.present):
        raise LabFailure(
            f"QEMU's device tree has {len(cpus)} CPUs and {'a' if gic else 'no'} GICv{version}, "
            f"expected {len(host.present)} and one"
        )
    if host.pmus:
        nodes = []
        for number, pmu in enumerate(host.pmus):
            node = fdt.Node(f"pmu-{number}")
            node.append(fdt.PropStrings("compatible", pmu.compatible))
            root.append(node)
            nodes.append((node, pmu))
        interrupts.connect(root, gic, cpus, nodes)
    return bytes(parsed.to_dtb(version=17))


def source(dtb: bytes) -> str:
    """The source text of a device tree."""
    return str(library().parse_dtb(dtb).to_dts())
