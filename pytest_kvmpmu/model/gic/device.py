"""What the vGIC devices of all kinds have in common (arch/arm64/kvm/vgic/vgic-kvm-device.c)."""

from __future__ import annotations

from ...uapi import constants as k
from ...uapi.errno import Errno
from ..pmu_attr import unreadable
from ..state import Context
from ..table import Condition, Table, answer, done, effect, refuse

# KVM_DEV_ARM_VGIC_GRP_MAINT_IRQ, for nested guests
_LAST_GROUP = 9
_DEFAULT_NR_IRQS = 256
_FEWEST_IRQS, _MOST_IRQS, _IRQS_STEP = 64, 1023, 32


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


def value(c: Context) -> int:
    """The number at the call's address."""
    return int.from_bytes(c.args["addr"].memory, "little")


def wraps(base: int, size: int) -> bool:
    """A frame at ``base`` would reach the end of 64-bit addresses."""
    return base + size >= 1 << 64


def beyond(c: Context, base: int, size: int) -> bool:
    """A frame at ``base`` would not lie in the guest's address space."""
    end = 1 << c.vm.ipa_bits
    return base >= end or base + size > end


def nr_irqs(clauses: str) -> Table:
    """SET of KVM_DEV_ARM_VGIC_GRP_NR_IRQS; the clauses' names begin with ``clauses``."""
    return (
        refuse(unreadable, Errno.EFAULT, f"{clauses}.nr-irqs.efault"),
        refuse(
            lambda c: not _FEWEST_IRQS <= value(c) <= _MOST_IRQS or value(c) % _IRQS_STEP != 0,
            Errno.EINVAL,
            f"{clauses}.nr-irqs.einval",
        ),
        refuse(lambda c: c.vm.nr_irqs is not None, Errno.EBUSY, f"{clauses}.nr-irqs.ebusy"),
        effect(lambda c: c.set_vm(nr_irqs=value(c)), f"{clauses}.nr-irqs"),
        answer(done, f"{clauses}.nr-irqs"),
    )


def ctrl(clauses: str) -> Table:
    """SET of KVM_DEV_ARM_VGIC_GRP_CTRL; the clauses' names begin with ``clauses``."""
    return (
        refuse(lambda c: not is_init(c), Errno.ENXIO, f"{clauses}.enxio"),
        effect(initialize, f"{clauses}.init"),
        answer(done, f"{clauses}.init"),
    )


def initialize(c: Context) -> None:
    """KVM_DEV_ARM_VGIC_CTRL_INIT: from here on the VM has all of its vCPUs and interrupts."""
    c.set_vm(vgic_initialized=True, nr_irqs=c.vm.nr_irqs or _DEFAULT_NR_IRQS)
