"""The PMUs' interrupts on a GICv2: one shared interrupt for each CPU, as on real boards.

The property interrupt-affinity has the CPU of each interrupt
(Documentation/devicetree/bindings/arm/pmu.yaml).
Not for: boards with a GICv3 (`ppis`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...data.host import Pmu
from ...support.devicetree import library
from .handles import Handles

COMPATIBLE = "arm,cortex-a15-gic"
# CPU 0's; the next CPU has the next one.  QEMU's virt machine uses the SPIs below 176.
FIRST = 180
# A shared interrupt; level triggered, active high.
_KIND, _LEVEL = 0, 4


def connect(root: Any, _gic: Any, cpus: Sequence[Any], pmus: Sequence[tuple[Any, Pmu]]) -> None:
    """Give the node of each of ``pmus`` its interrupts.  ``cpus`` are the nodes of the CPUs."""
    fdt, handles = library(), Handles(root)
    for node, pmu in pmus:
        covers = sorted(pmu.covers)
        words = [word for cpu in covers for word in (_KIND, FIRST + cpu, _LEVEL)]
        node.append(fdt.PropWords("interrupts", *words))
        owners = [handles.of(cpus[cpu]) for cpu in covers]
        node.append(fdt.PropWords("interrupt-affinity", *owners))
