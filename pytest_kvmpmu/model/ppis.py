"""The private interrupts that KVM's timers and vGIC claim (arch/arm64/kvm/arch_timer.c)."""

from __future__ import annotations

from ..uapi.constants import KVM_ARM_VCPU_HAS_EL2
from .state import Context

# The virtual and the physical timer.
_TIMERS = (27, 30)
# The same of EL2, and the vGIC's maintenance interrupt, of a vCPU with an EL2.
_EL2_TIMERS = (26, 28)
MAINTENANCE = 25


def has_el2(c: Context) -> bool:
    """The vCPU has an EL2."""
    return KVM_ARM_VCPU_HAS_EL2 in c.vcpu.features


def is_timers(c: Context) -> bool:
    """The interrupt of the vCPU's PMU is that of one of its timers."""
    return c.vcpu.irq in _TIMERS or (has_el2(c) and c.vcpu.irq in _EL2_TIMERS)
