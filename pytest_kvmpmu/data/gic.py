"""The kinds of interrupt controller that KVM emulates for guests, as rows.

A kind has its rules in `model.gic`, in a file of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..uapi import constants as k

# KVM_MAX_VCPUS: of a VM without a vGIC, too, unless the host's vGIC takes fewer.
MOST_VCPUS = 512


class Gic(NamedTuple):
    """One kind of vGIC.

    ``device`` is the type that KVM_CREATE_DEVICE takes.  ``frames`` are the attributes of
    KVM_DEV_ARM_VGIC_GRP_ADDR that a VMM has to set, each with its guest physical address on the
    standard guest.  ``pmu_irq`` is the interrupt that VMMs choose for the PMU: PPI 7, as this kind
    numbers it.  ``most_vcpus`` is the number of vCPUs that a VM with it may have.
    """

    version: int
    device: int
    frames: tuple[tuple[int, int], ...]
    pmu_irq: int
    most_vcpus: int = MOST_VCPUS

    def __str__(self) -> str:
        """``GICv3``."""
        return f"GICv{self.version}"


# By version, as topologies name them.
GICS: Mapping[int, Gic] = {
    row.version: row
    for row in (
        Gic(
            2,
            k.KVM_DEV_TYPE_ARM_VGIC_V2,
            (
                (k.KVM_VGIC_V2_ADDR_TYPE_DIST, 0x0800_0000),
                (k.KVM_VGIC_V2_ADDR_TYPE_CPU, 0x0801_0000),
            ),
            pmu_irq=23,
            most_vcpus=8,
        ),
        Gic(
            3,
            k.KVM_DEV_TYPE_ARM_VGIC_V3,
            (
                (k.KVM_VGIC_V3_ADDR_TYPE_DIST, 0x0800_0000),
                (k.KVM_VGIC_V3_ADDR_TYPE_REDIST, 0x080A_0000),
            ),
            pmu_irq=23,
        ),
        # An interrupt number of a GICv5 includes its type.
        Gic(5, k.KVM_DEV_TYPE_ARM_VGIC_V5, (), pmu_irq=0x2000_0017),
    )
}
# Of a host that names none.
DEFAULT = 3


_BY_DEVICE = {gic.device: gic for gic in GICS.values()}


def of_device(type: int) -> Gic | None:
    """The kind that KVM_CREATE_DEVICE makes for that type; None if it makes no vGIC."""
    return _BY_DEVICE.get(type)
