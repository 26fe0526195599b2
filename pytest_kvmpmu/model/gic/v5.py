"""A GICv5's attributes: all but its initialisation is fixed (arm-vgic-v5.rst)."""

from __future__ import annotations

from ...data.revision import revision
from ...uapi import constants as k
from ...uapi.errno import Errno
from ..state import Context
from ..table import Table, always, answer, done, effect, refuse
from .device import initialize, is_ctrl, is_init

SINCE = revision("linux-7.1")
INITIALIZED_BY_RUN = False

_PPIS = is_ctrl(k.VGIC_CTRL_ATTRS["KVM_DEV_ARM_VGIC_USERSPACE_PPIS"])


def no_bases(_: Context) -> bool:
    """No frame of a GICv5 has an address that userspace sets."""
    return False


overlap = no_bases

SET: Table = (
    refuse(lambda c: not is_init(c), Errno.ENXIO, "vgic-v5.attributes"),
    effect(initialize, "vgic.init"),
    answer(done, "vgic.init"),
)

HAS: Table = (
    answer(done, "vgic-v5.attributes", when=_PPIS),
    answer(done, "vgic.init", when=is_init),
    refuse(always, Errno.ENXIO, "vgic-v5.attributes"),
)
