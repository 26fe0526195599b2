"""A GICv3's attributes, as far as a run needs them (arch/arm64/kvm/vgic/vgic-kvm-device.c)."""

from __future__ import annotations

from ...data.revision import FIRST
from ...uapi import constants as k
from ...uapi.errno import Errno
from ..pmu_attr import unreadable
from ..state import Context
from ..table import Table, answer, done, effect, only, refuse
from .device import beyond, ctrl, in_group, is_init, no_such_group, nr_irqs, value, wraps

SINCE = FIRST
INITIALIZED_BY_RUN = False

_ALIGNMENT = 0x10000
# KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES
_LAST_CTRL = 3
# Distributor, redistributors, and regions of redistributors (not modelled further).
_ADDRESSES = (2, 3, 5)


def _field(c: Context) -> str:
    return "dist" if c.args["attr"] == k.KVM_VGIC_V3_ADDR_TYPE_DIST else "redist"


def _size(c: Context) -> int:
    if _field(c) == "dist":
        return k.KVM_VGIC_V3_DIST_SIZE
    return k.KVM_VGIC_V3_REDIST_SIZE * len(c.siblings)


def _redist_set(c: Context) -> bool:
    return _field(c) == "redist" and c.vm.redist is not None


def _set_before(c: Context) -> bool:
    return getattr(c.vm, _field(c)) is not None


def _misaligned(c: Context) -> bool:
    return value(c) % _ALIGNMENT != 0


def _wraps(c: Context) -> bool:
    return wraps(value(c), _size(c))


def _beyond(c: Context) -> bool:
    return beyond(c, value(c), _size(c))


def _overlaps(c: Context) -> bool:
    """Redistributors in the distributor's frame; the other order is found by KVM_RUN."""
    dist = c.vm.dist
    if _field(c) == "dist" or dist is None:
        return False
    return value(c) < dist + k.KVM_VGIC_V3_DIST_SIZE and dist < value(c) + _size(c)


def no_bases(c: Context) -> bool:
    """A frame has no address."""
    return c.vm.redist is None or c.vm.dist is None


def overlap(c: Context) -> bool:
    """The distributor was placed in the redistributors; the other order is refused at once."""
    if c.vm.dist is None or c.vm.redist is None:
        return False
    end = c.vm.redist + k.KVM_VGIC_V3_REDIST_SIZE * len(c.siblings)
    return c.vm.dist < end and c.vm.redist < c.vm.dist + k.KVM_VGIC_V3_DIST_SIZE


def _knows_address(c: Context) -> bool:
    return c.args["attr"] in (k.KVM_VGIC_V3_ADDR_TYPE_DIST, k.KVM_VGIC_V3_ADDR_TYPE_REDIST)


def _place(c: Context) -> None:
    c.set_vm(**{_field(c): value(c)})


ADDR: Table = (
    refuse(unreadable, Errno.EFAULT, "vgic.addr.efault"),
    refuse(lambda c: not _knows_address(c), Errno.ENXIO, "vgic.enxio"),
    refuse(_redist_set, Errno.EINVAL, "vgic.addr.redist-again", until="series-v3"),
    # Until 5.17 an address was looked at before it was asked whether there is one already.
    refuse(_beyond, Errno.E2BIG, "vgic.addr.e2big", until="series-v3"),
    refuse(_misaligned, Errno.EINVAL, "vgic.addr.einval", until="series-v3"),
    refuse(_set_before, Errno.EEXIST, "vgic.addr.eexist"),
    refuse(_misaligned, Errno.EINVAL, "vgic.addr.einval", since="linux-5.18"),
    refuse(_wraps, Errno.EINVAL, "vgic.addr.wraps", since="linux-5.18"),
    refuse(_beyond, Errno.E2BIG, "vgic.addr.e2big", since="linux-5.18"),
    effect(_place, "vgic.addr.overlap-stays", when=_overlaps, until="linux-5.10"),
    refuse(_overlaps, Errno.EINVAL, "vgic.addr.overlap"),
    effect(_place, "vgic.addr"),
    answer(done, "vgic.addr"),
)


SET: Table = (
    *only(in_group(k.KVM_DEV_ARM_VGIC_GRP_ADDR), ADDR),
    *only(in_group(k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS), nr_irqs("vgic")),
    *only(in_group(k.KVM_DEV_ARM_VGIC_GRP_CTRL), ctrl("vgic")),
    refuse(no_such_group, Errno.ENXIO, "vgic.enxio"),
)

HAS: Table = (
    answer(
        done,
        "vgic.addr",
        when=lambda c: in_group(k.KVM_DEV_ARM_VGIC_GRP_ADDR)(c) and _knows_address(c),
    ),
    answer(done, "vgic.nr-irqs", when=in_group(k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS)),
    answer(done, "vgic.init", when=is_init),
    refuse(
        lambda c: in_group(k.KVM_DEV_ARM_VGIC_GRP_ADDR)(c) and c.args["attr"] not in _ADDRESSES,
        Errno.ENXIO,
        "vgic.enxio",
    ),
    refuse(
        lambda c: in_group(k.KVM_DEV_ARM_VGIC_GRP_CTRL)(c) and c.args["attr"] > _LAST_CTRL,
        Errno.ENXIO,
        "vgic.enxio",
    ),
    refuse(no_such_group, Errno.ENXIO, "vgic.enxio"),
)
