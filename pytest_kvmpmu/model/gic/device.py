"""What the vGIC devices of all kinds have in common (arch/arm64/kvm/vgic/vgic-kvm-device.c)."""

from __future__ import annotations

from ...uapi import constants as k
from ..state import Context
from ..table import Condition

# KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ, for nested guests
_LAST_GROUP = 9
_DEFAULT_NR_IRQS = 256


def in_group(number: int) -> Condition:
    """The call names that group."""
    return lambda c: c.args["group"] == number


def no_such_group(c: Context) -> bool:
    """No vGIC has the group that the call names."""
    return bool(c.args["group"] > _LAST_GROUP)


def is_ctrl(attr: int) -> Condition:
    """The call names that attribute of KVM_DEV_ARM_VGIC_GRP_CTRL."""
    in_ctrl = in_group(k.KVM_DEV_ARM_VGIC_GRP_CTRL)
    return lambda c: in_ctrl(c) and c.args["attr"] == attr


is_init = is_ctrl(k.KVM_DEV_ARM_VGIC_CTRL_INIT)


def initialize(c: Context) -> None:
    """KVM_DEV_ARM_VGIC_CTRL_INIT: from here on the VM has all of its vCPUs and interrupts."""
    c.set_vm(vgic_initialized=True, nr_irqs=c.vm.nr_irqs or _DEFAULT_NR_IRQS)
