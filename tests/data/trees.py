"""Small device trees for tests, written as dicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_kvmpmu.support.devicetree import library

Tree = Mapping[str, Any]

GIC, AIC = 1, 2


def dtb(tree: Tree) -> bytes:
    """The compiled tree: a dict is a node, a tuple its cells or strings, True an empty property."""
    made = library().FDT(entries=[])  # its default is one list for all trees
    _fill(made.root, tree)
    return bytes(made.to_dtb(version=17))


def _fill(node: Any, tree: Tree) -> None:
    fdt = library()
    for name, value in tree.items():
        if isinstance(value, Mapping):
            child = fdt.Node(name)
            _fill(child, value)
            node.append(child)
        elif value is True:
            node.append(fdt.Property(name))
        else:
            values = value if isinstance(value, tuple) else (value,)
            kind = fdt.PropStrings if isinstance(values[0], str) else fdt.PropWords
            node.append(kind(name, *values))


def cpus(count: int, **more: Tree) -> dict[str, Tree]:
    """The node of so many CPUs; the phandle of CPU node n is 16 + n."""
    nodes: dict[str, Any] = {"#address-cells": 1, "#size-cells": 0}
    for number in range(count):
        nodes[f"cpu@{number}"] = {
            "device_type": "cpu",
            "compatible": "arm,armv8",
            "reg": number,
            "phandle": 16 + number,
        }
    return {"cpus": {**nodes, **more}}


def gic(version: int, regions: int, cells: int = 3, **more: Any) -> dict[str, Tree]:
    """An interrupt controller with so many regions of registers."""
    compatible = {2: "arm,gic-400", 3: "arm,gic-v3", 5: "arm,gic-v5"}[version]
    return {
        "interrupt-controller@0": {
            "compatible": compatible,
            "interrupt-controller": True,
            "#interrupt-cells": cells,
            "reg": tuple(0x1000 * n for n in range(4 * regions)),
            "phandle": GIC,
            **more,
        }
    }


def root(model: str = "A board") -> dict[str, Any]:
    """The properties of the root."""
    return {"model": model, "#address-cells": 2, "#size-cells": 2, "interrupt-parent": GIC}


def spis(*numbers: int) -> tuple[int, ...]:
    """Shared interrupts of a GIC."""
    return tuple(cell for number in numbers for cell in (0, number, 4))


# The big cores' node stands first, and the little ones are 0 and 3 to 5.
JUNO = {
    **root("Juno"),
    **cpus(6),
    **gic(2, 4),
    "pmu-a57": {
        "compatible": "arm,cortex-a57-pmu",
        "interrupts": spis(2, 6),
        "interrupt-affinity": (17, 18),
    },
    "pmu-a53": {
        "compatible": "arm,cortex-a53-pmu",
        "interrupts": spis(18, 22, 26, 30),
        "interrupt-affinity": (16, 19, 20, 21),
    },
}
# One private interrupt, whose partitions are the clusters; a GICv3 that also serves GICv2 guests.
RK3399 = {
    **root("RK3399"),
    **cpus(6),
    **gic(
        3,
        5,
        4,
        **{
            "ppi-partitions": {
                "interrupt-partition-0": {"affinity": (16, 17, 18, 19), "phandle": 40},
                "interrupt-partition-1": {"affinity": (20, 21), "phandle": 41},
            }
        },
    ),
    "pmu_a53": {"compatible": "arm,cortex-a53-pmu", "interrupts": (1, 7, 8, 40)},
    "pmu_a72": {"compatible": "arm,cortex-a72-pmu", "interrupts": (1, 7, 8, 41)},
}
APPLE = {
    **root("Apple"),
    **cpus(4),
    "soc": {
        "#address-cells": 2,
        "#size-cells": 2,
        "interrupt-controller@0": {
            "compatible": ("apple,t8103-aic", "apple,aic"),
            "interrupt-controller": True,
            "#interrupt-cells": 3,
            "reg": (0, 0, 0, 0x8000),
            "phandle": AIC,
            "affinities": {
                "e-core-pmu-affinity": {"apple,fiq-index": 4, "cpus": (16, 17)},
                "p-core-pmu-affinity": {"apple,fiq-index": 5, "cpus": (18, 19)},
            },
        },
    },
    "pmu-e": {
        "compatible": "apple,icestorm-pmu",
        "interrupt-parent": AIC,
        "interrupts": (1, 4, 4),
    },
    "pmu-p": {
        "compatible": "apple,firestorm-pmu",
        "interrupt-parent": AIC,
        "interrupts": (1, 5, 4),
    },
}
