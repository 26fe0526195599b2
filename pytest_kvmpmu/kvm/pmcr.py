"""PMCR_EL0.N, the number of a guest's event counters, as guest and userspace see it.

Not for: the attribute SET_NR_COUNTERS, which sets it too (`kvm`).
"""

from __future__ import annotations

from ..uapi import constants as k
from . import PMU_PPI, Vcpu, Vm


def run_guest(vm: Vm, vcpu: Vcpu, payload: str) -> dict[str, int]:
    """Set up the vCPU, run it, and return what the payload reports."""
    vm.create_gic()
    vcpu.set_irq(PMU_PPI)
    vcpu.init_pmu()
    vm.load(payload)
    return vcpu.run_payload(payload)


def seen_by_guest(vm: Vm, vcpu: Vcpu) -> int:
    """PMCR_EL0.N as the guest reads it."""
    return run_guest(vm, vcpu, "pmcr")["n"]


def seen_by_userspace(vcpu: Vcpu) -> int:
    """PMCR_EL0.N as KVM_GET_ONE_REG reads it."""
    value = vcpu.get_register(k.PMCR_EL0)
    return value >> k.PMCR_EL0_N_SHIFT & k.PMCR_EL0_N_MASK


def write(vcpu: Vcpu, number: int) -> None:
    """Write that N with KVM_SET_ONE_REG, all other fields 0."""
    vcpu.set_register(k.PMCR_EL0, number << k.PMCR_EL0_N_SHIFT)
