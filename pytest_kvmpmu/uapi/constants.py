"""Named numbers of include/uapi/linux/kvm.h and arch/arm64/include/uapi/asm/kvm.h.

Each table maps the kernel's name to its value, in header order.  `ABI_NAMES` has all
of them: no two kernel names here are equal, so a name alone says its number.
"""

from __future__ import annotations

from typing import Mapping

KVM_API_VERSION = 12

# KVM_CHECK_EXTENSION
CAPABILITIES: dict[str, int] = {
    "KVM_CAP_IRQCHIP": 0,
    "KVM_CAP_USER_MEMORY": 3,
    "KVM_CAP_NR_VCPUS": 9,
    "KVM_CAP_MAX_VCPUS": 66,
    "KVM_CAP_ONE_REG": 70,
    "KVM_CAP_DEVICE_CTRL": 89,
    "KVM_CAP_ARM_EL1_32BIT": 93,
    "KVM_CAP_ARM_PSCI_0_2": 102,
    "KVM_CAP_CHECK_EXTENSION_VM": 105,
    "KVM_CAP_ARM_PMU_V3": 126,
    "KVM_CAP_VCPU_ATTRIBUTES": 127,
    "KVM_CAP_MAX_VCPU_ID": 128,
    "KVM_CAP_IMMEDIATE_EXIT": 136,
    "KVM_CAP_ARM_USER_IRQ": 144,
    "KVM_CAP_ARM_VM_IPA_SIZE": 165,
}

# struct kvm_run, exit_reason
EXIT_REASONS: dict[str, int] = {
    "KVM_EXIT_UNKNOWN": 0,
    "KVM_EXIT_EXCEPTION": 1,
    "KVM_EXIT_IO": 2,
    "KVM_EXIT_HYPERCALL": 3,
    "KVM_EXIT_DEBUG": 4,
    "KVM_EXIT_HLT": 5,
    "KVM_EXIT_MMIO": 6,
    "KVM_EXIT_IRQ_WINDOW_OPEN": 7,
    "KVM_EXIT_SHUTDOWN": 8,
    "KVM_EXIT_FAIL_ENTRY": 9,
    "KVM_EXIT_INTR": 10,
    "KVM_EXIT_INTERNAL_ERROR": 17,
    "KVM_EXIT_SYSTEM_EVENT": 24,
    "KVM_EXIT_ARM_NISV": 28,
}
KVM_EXIT_UNKNOWN = EXIT_REASONS["KVM_EXIT_UNKNOWN"]
KVM_EXIT_MMIO = EXIT_REASONS["KVM_EXIT_MMIO"]
KVM_EXIT_FAIL_ENTRY = EXIT_REASONS["KVM_EXIT_FAIL_ENTRY"]
KVM_EXIT_INTR = EXIT_REASONS["KVM_EXIT_INTR"]

# KVM_CREATE_DEVICE
KVM_CREATE_DEVICE_TEST = 1
DEVICE_TYPES: dict[str, int] = {
    "KVM_DEV_TYPE_FSL_MPIC_20": 1,
    "KVM_DEV_TYPE_FSL_MPIC_42": 2,
    "KVM_DEV_TYPE_XICS": 3,
    "KVM_DEV_TYPE_VFIO": 4,
    "KVM_DEV_TYPE_ARM_VGIC_V2": 5,
    "KVM_DEV_TYPE_FLIC": 6,
    "KVM_DEV_TYPE_ARM_VGIC_V3": 7,
    "KVM_DEV_TYPE_ARM_VGIC_ITS": 8,
}
KVM_DEV_TYPE_ARM_VGIC_V2 = DEVICE_TYPES["KVM_DEV_TYPE_ARM_VGIC_V2"]
KVM_DEV_TYPE_ARM_VGIC_V3 = DEVICE_TYPES["KVM_DEV_TYPE_ARM_VGIC_V3"]

# asm/kvm.h: KVM_ARM_VCPU_INIT
TARGETS: dict[str, int] = {
    "KVM_ARM_TARGET_AEM_V8": 0,
    "KVM_ARM_TARGET_FOUNDATION_V8": 1,
    "KVM_ARM_TARGET_CORTEX_A57": 2,
    "KVM_ARM_TARGET_XGENE_POTENZA": 3,
    "KVM_ARM_TARGET_CORTEX_A53": 4,
    "KVM_ARM_TARGET_GENERIC_V8": 5,
}
VCPU_FEATURES: dict[str, int] = {
    "KVM_ARM_VCPU_POWER_OFF": 0,
    "KVM_ARM_VCPU_EL1_32BIT": 1,
    "KVM_ARM_VCPU_PSCI_0_2": 2,
    "KVM_ARM_VCPU_PMU_V3": 3,
    "KVM_ARM_VCPU_SVE": 4,
    "KVM_ARM_VCPU_PTRAUTH_ADDRESS": 5,
    "KVM_ARM_VCPU_PTRAUTH_GENERIC": 6,
}
KVM_ARM_VCPU_PSCI_0_2 = VCPU_FEATURES["KVM_ARM_VCPU_PSCI_0_2"]
KVM_ARM_VCPU_PMU_V3 = VCPU_FEATURES["KVM_ARM_VCPU_PMU_V3"]

# asm/kvm.h: device control of the vGIC
VGIC_GROUPS: dict[str, int] = {
    "KVM_DEV_ARM_VGIC_GRP_ADDR": 0,
    "KVM_DEV_ARM_VGIC_GRP_NR_IRQS": 3,
    "KVM_DEV_ARM_VGIC_GRP_CTRL": 4,
}
KVM_DEV_ARM_VGIC_GRP_ADDR = VGIC_GROUPS["KVM_DEV_ARM_VGIC_GRP_ADDR"]
KVM_DEV_ARM_VGIC_GRP_NR_IRQS = VGIC_GROUPS["KVM_DEV_ARM_VGIC_GRP_NR_IRQS"]
KVM_DEV_ARM_VGIC_GRP_CTRL = VGIC_GROUPS["KVM_DEV_ARM_VGIC_GRP_CTRL"]
VGIC_ADDR_ATTRS: dict[str, int] = {
    "KVM_VGIC_V2_ADDR_TYPE_DIST": 0,
    "KVM_VGIC_V2_ADDR_TYPE_CPU": 1,
    "KVM_VGIC_V3_ADDR_TYPE_DIST": 2,
    "KVM_VGIC_V3_ADDR_TYPE_REDIST": 3,
}
KVM_VGIC_V3_ADDR_TYPE_DIST = VGIC_ADDR_ATTRS["KVM_VGIC_V3_ADDR_TYPE_DIST"]
KVM_VGIC_V3_ADDR_TYPE_REDIST = VGIC_ADDR_ATTRS["KVM_VGIC_V3_ADDR_TYPE_REDIST"]
KVM_VGIC_V3_DIST_SIZE = 0x10000
KVM_VGIC_V3_REDIST_SIZE = 2 * 0x10000
VGIC_CTRL_ATTRS: dict[str, int] = {"KVM_DEV_ARM_VGIC_CTRL_INIT": 0}
KVM_DEV_ARM_VGIC_CTRL_INIT = VGIC_CTRL_ATTRS["KVM_DEV_ARM_VGIC_CTRL_INIT"]

# asm/kvm.h: device control of a vCPU
VCPU_GROUPS: dict[str, int] = {
    "KVM_ARM_VCPU_PMU_V3_CTRL": 0,
    "KVM_ARM_VCPU_TIMER_CTRL": 1,
    "KVM_ARM_VCPU_PVTIME_CTRL": 2,
}
KVM_ARM_VCPU_PMU_V3_CTRL = VCPU_GROUPS["KVM_ARM_VCPU_PMU_V3_CTRL"]
PMU_ATTRS: dict[str, int] = {
    "KVM_ARM_VCPU_PMU_V3_IRQ": 0,
    "KVM_ARM_VCPU_PMU_V3_INIT": 1,
    "KVM_ARM_VCPU_PMU_V3_FILTER": 2,
    "KVM_ARM_VCPU_PMU_V3_SET_PMU": 3,
}
KVM_ARM_VCPU_PMU_V3_IRQ = PMU_ATTRS["KVM_ARM_VCPU_PMU_V3_IRQ"]
KVM_ARM_VCPU_PMU_V3_INIT = PMU_ATTRS["KVM_ARM_VCPU_PMU_V3_INIT"]
KVM_ARM_VCPU_PMU_V3_FILTER = PMU_ATTRS["KVM_ARM_VCPU_PMU_V3_FILTER"]
KVM_ARM_VCPU_PMU_V3_SET_PMU = PMU_ATTRS["KVM_ARM_VCPU_PMU_V3_SET_PMU"]

# asm/kvm.h: fail_entry.hardware_entry_failure_reason
KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED = 1

ABI_NAMES: dict[str, int] = {}
for _table in (
    CAPABILITIES,
    EXIT_REASONS,
    DEVICE_TYPES,
    TARGETS,
    VCPU_FEATURES,
    VGIC_GROUPS,
    VGIC_ADDR_ATTRS,
    VGIC_CTRL_ATTRS,
    VCPU_GROUPS,
    PMU_ATTRS,
):
    ABI_NAMES.update(_table)


def groups(kind: str) -> Mapping[str, int]:
    """The attribute groups of an object of that kind (``vcpu`` or ``dev``)."""
    return VCPU_GROUPS if kind == "vcpu" else VGIC_GROUPS


def attrs(kind: str, group: int) -> Mapping[str, int]:
    """The attributes of a group; empty for a group that has no names here."""
    if kind == "vcpu":
        return PMU_ATTRS if group == KVM_ARM_VCPU_PMU_V3_CTRL else {}
    return {
        KVM_DEV_ARM_VGIC_GRP_ADDR: VGIC_ADDR_ATTRS,
        KVM_DEV_ARM_VGIC_GRP_CTRL: VGIC_CTRL_ATTRS,
    }.get(group, {})


def name_of(value: int, table: Mapping[str, int]) -> object:
    """The kernel's name of ``value`` in ``table``, or the number itself."""
    return next((name for name, number in table.items() if number == value), value)
