"""A GICv2's attributes, as far as a run needs them (arch/arm64/kvm/vgic/vgic-kvm-device.c)."""

from __future__ import annotations

from ...data.revision import FIRST
from ...uapi import constants as k
from ...uapi.errno import Errno
from ..pmu_attr import unreadable
from ..state import Context
from ..table import Table, answer, done, effect, only, refuse
from .device import beyond, ctrl, in_group, is_init, nr_irqs, value, wraps

SINCE = FIRST
# The first KVM_RUN initialises a GICv2 whose frames are placed (vgic_v2_map_resources).
INITIALIZED_BY_RUN = True

_ALIGNMENT = 0x1000
_FIELDS = {k.KVM_VGIC_V2_ADDR_TYPE_DIST: "dist", k.KVM_VGIC_V2_ADDR_TYPE_CPU: "cpu_interface"}
_SIZES = {"dist": k.KVM_VGIC_V2_DIST_SIZE, "cpu_interface": k.KVM_VGIC_V2_CPU_SIZE}


def _field(c: Context) -> str:
    return _FIELDS.get(c.args["attr"], "cpu_interface")


def _size(c: Context) -> int:
    return _SIZES[_field(c)]


def _misaligned(c: Context) -> bool:
    return value(c) % _ALIGNMENT != 0


def _set_before(c: Context) -> bool:
    return getattr(c.vm, _field(c)) is not None


def _knows_address(c: Context) -> bool:
    return c.args["attr"] in _FIELDS


def _place(c: Context) -> None:
    c.set_vm(**{_field(c): value(c)})


def no_bases(c: Context) -> bool:
    """A frame has no address."""
    return c.vm.dist is None or c.vm.cpu_interface is None


def overlap(c: Context) -> bool:
    """Distributor and CPU interface have addresses, and overlap."""
    dist, interface = c.vm.dist, c.vm.cpu_interface
    if dist is None or interface is None:
        return False
    return dist < interface + _SIZES["cpu_interface"] and interface < dist + _SIZES["dist"]


def past_the_end(c: Context) -> bool:
    """The CPU interface begins in the guest's address space and ends beyond it."""
    interface = c.vm.cpu_interface
    return interface is not None and beyond(c, interface, _SIZES["cpu_interface"])


ADDR: Table = (
    refuse(unreadable, Errno.EFAULT, "vgic-v2.addr.efault"),
    refuse(lambda c: not _knows_address(c), Errno.ENXIO, "vgic-v2.enxio"),
    # Until 5.15 only the first byte was looked at, before it was asked whether one is set.
    refuse(lambda c: beyond(c, value(c), 0), Errno.E2BIG, "vgic-v2.addr.e2big", until="series-v3"),
    refuse(_misaligned, Errno.EINVAL, "vgic-v2.addr.einval", until="series-v3"),
    refuse(_set_before, Errno.EEXIST, "vgic-v2.addr.eexist"),
    refuse(_misaligned, Errno.EINVAL, "vgic-v2.addr.einval", since="linux-5.18"),
    refuse(
        lambda c: wraps(value(c), _size(c)),
        Errno.EINVAL,
        "vgic-v2.addr.wraps",
        since="linux-5.18",
    ),
    refuse(
        lambda c: beyond(c, value(c), _size(c)),
        Errno.E2BIG,
        "vgic-v2.addr.e2big",
        since="linux-5.18",
    ),
    effect(_place, "vgic-v2.addr"),
    answer(done, "vgic-v2.addr"),
)


def _no_such_group(c: Context) -> bool:
    return bool(c.args["group"] > k.KVM_DEV_ARM_VGIC_GRP_CTRL)


SET: Table = (
    *only(in_group(k.KVM_DEV_ARM_VGIC_GRP_ADDR), ADDR),
    *only(in_group(k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS), nr_irqs("vgic-v2")),
    *only(in_group(k.KVM_DEV_ARM_VGIC_GRP_CTRL), ctrl("vgic-v2")),
    refuse(_no_such_group, Errno.ENXIO, "vgic-v2.enxio"),
)

HAS: Table = (
    answer(
        done,
        "vgic-v2.addr",
        when=lambda c: in_group(k.KVM_DEV_ARM_VGIC_GRP_ADDR)(c) and _knows_address(c),
    ),
    answer(done, "vgic-v2.nr-irqs", when=in_group(k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS)),
    answer(done, "vgic-v2.init", when=is_init),
    refuse(in_group(k.KVM_DEV_ARM_VGIC_GRP_ADDR), Errno.ENXIO, "vgic-v2.enxio"),
    refuse(in_group(k.KVM_DEV_ARM_VGIC_GRP_CTRL), Errno.ENXIO, "vgic-v2.enxio"),
    refuse(_no_such_group, Errno.ENXIO, "vgic-v2.enxio"),
)
