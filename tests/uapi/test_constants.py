"""The ABI's numbers, against literals from the kernel's headers."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.uapi import constants as k

NUMBERS = {
    "KVM_CAP_IRQCHIP": 0, "KVM_CAP_USER_MEMORY": 3, "KVM_CAP_NR_VCPUS": 9,
    "KVM_CAP_MAX_VCPUS": 66, "KVM_CAP_ONE_REG": 70, "KVM_CAP_DEVICE_CTRL": 89,
    "KVM_CAP_ARM_EL1_32BIT": 93, "KVM_CAP_ARM_PSCI_0_2": 102, "KVM_CAP_CHECK_EXTENSION_VM": 105,
    "KVM_CAP_ARM_PMU_V3": 126, "KVM_CAP_VCPU_ATTRIBUTES": 127, "KVM_CAP_MAX_VCPU_ID": 128,
    "KVM_CAP_IMMEDIATE_EXIT": 136, "KVM_CAP_ARM_USER_IRQ": 144, "KVM_CAP_ARM_VM_IPA_SIZE": 165,
    "KVM_CAP_LAST_CPU": 184,
    "KVM_EXIT_UNKNOWN": 0, "KVM_EXIT_EXCEPTION": 1, "KVM_EXIT_IO": 2, "KVM_EXIT_HYPERCALL": 3,
    "KVM_EXIT_DEBUG": 4, "KVM_EXIT_HLT": 5, "KVM_EXIT_MMIO": 6, "KVM_EXIT_IRQ_WINDOW_OPEN": 7,
    "KVM_EXIT_SHUTDOWN": 8, "KVM_EXIT_FAIL_ENTRY": 9, "KVM_EXIT_INTR": 10,
    "KVM_EXIT_INTERNAL_ERROR": 17, "KVM_EXIT_SYSTEM_EVENT": 24, "KVM_EXIT_ARM_NISV": 28,
    "KVM_DEV_TYPE_FSL_MPIC_20": 1, "KVM_DEV_TYPE_FSL_MPIC_42": 2, "KVM_DEV_TYPE_XICS": 3,
    "KVM_CAP_ARM_PMU_V3_STRICT": 251, "KVM_DEV_TYPE_ARM_VGIC_V5": 16,
    "KVM_DEV_ARM_VGIC_USERSPACE_PPIS": 5, "ID_AA64DFR0_EL1": 0x6030_0000_0013_C028,
    "KVM_DEV_TYPE_VFIO": 4, "KVM_DEV_TYPE_ARM_VGIC_V2": 5, "KVM_DEV_TYPE_FLIC": 6,
    "KVM_DEV_TYPE_ARM_VGIC_V3": 7, "KVM_DEV_TYPE_ARM_VGIC_ITS": 8,
    "KVM_ARM_TARGET_AEM_V8": 0, "KVM_ARM_TARGET_FOUNDATION_V8": 1, "KVM_ARM_TARGET_CORTEX_A57": 2,
    "KVM_ARM_TARGET_XGENE_POTENZA": 3, "KVM_ARM_TARGET_CORTEX_A53": 4,
    "KVM_ARM_TARGET_GENERIC_V8": 5,
    "KVM_ARM_VCPU_POWER_OFF": 0, "KVM_ARM_VCPU_EL1_32BIT": 1, "KVM_ARM_VCPU_PSCI_0_2": 2,
    "KVM_ARM_VCPU_PMU_V3": 3, "KVM_ARM_VCPU_SVE": 4, "KVM_ARM_VCPU_PTRAUTH_ADDRESS": 5,
    "KVM_ARM_VCPU_PTRAUTH_GENERIC": 6, "KVM_ARM_VCPU_HAS_EL2": 7, "KVM_ARM_VCPU_HAS_EL2_E2H0": 8,
    "KVM_ARM_VCPU_PMU_V3_STRICT": 9,
    "KVM_DEV_ARM_VGIC_GRP_ADDR": 0, "KVM_DEV_ARM_VGIC_GRP_NR_IRQS": 3,
    "KVM_DEV_ARM_VGIC_GRP_CTRL": 4,
    "KVM_VGIC_V2_ADDR_TYPE_DIST": 0, "KVM_VGIC_V2_ADDR_TYPE_CPU": 1,
    "KVM_VGIC_V3_ADDR_TYPE_DIST": 2, "KVM_VGIC_V3_ADDR_TYPE_REDIST": 3,
    "KVM_DEV_ARM_VGIC_CTRL_INIT": 0,
    "KVM_ARM_VCPU_PMU_V3_CTRL": 0, "KVM_ARM_VCPU_TIMER_CTRL": 1, "KVM_ARM_VCPU_PVTIME_CTRL": 2,
    "KVM_ARM_VCPU_PMU_V3_IRQ": 0, "KVM_ARM_VCPU_PMU_V3_INIT": 1, "KVM_ARM_VCPU_PMU_V3_FILTER": 2,
    "KVM_ARM_VCPU_PMU_V3_SET_PMU": 3, "KVM_ARM_VCPU_PMU_V3_SET_NR_COUNTERS": 4,
    "PMMIR_EL1": 0x6030_0000_0013_C4F6, "PMCR_EL0": 0x6030_0000_0013_DCE0,
    "KVM_CAP_ARM_EL2": 240,
}  # fmt: skip
TABLES = (
    k.CAPABILITIES, k.EXIT_REASONS, k.DEVICE_TYPES, k.TARGETS, k.VCPU_FEATURES, k.VGIC_GROUPS,
    k.VGIC_ADDR_ATTRS, k.VGIC_CTRL_ATTRS, k.VCPU_GROUPS, k.PMU_ATTRS, k.REGISTERS,
)  # fmt: skip


def test_names_have_the_headers_numbers() -> None:
    assert {name: k.ABI_NAMES.get(name) for name in NUMBERS} == NUMBERS


def test_every_name_is_checked_here() -> None:
    assert set(k.ABI_NAMES) <= set(NUMBERS)


def test_no_name_is_in_two_tables() -> None:
    assert len(k.ABI_NAMES) == sum(len(table) for table in TABLES)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: next(iter(table)))
def test_no_number_is_twice_in_a_table(table: dict[str, int]) -> None:
    assert len(set(table.values())) == len(table)
    assert list(table.values()) == sorted(table.values())


def test_the_numbers_outside_of_tables_are_the_headers() -> None:
    assert k.KVM_API_VERSION == 12
    assert k.KVM_CREATE_DEVICE_TEST == 1
    assert k.KVM_EXIT_FAIL_ENTRY_CPU_UNSUPPORTED == 1
    assert k.KVM_VM_TYPE_ARM_PROTECTED == 0x8000_0000
    assert (k.KVM_VGIC_V2_DIST_SIZE, k.KVM_VGIC_V2_CPU_SIZE) == (0x1000, 0x2000)
    assert (k.KVM_VGIC_V3_DIST_SIZE, k.KVM_VGIC_V3_REDIST_SIZE) == (0x10000, 0x20000)


@pytest.mark.parametrize(
    ("kind", "group", "names"),
    [
        ("vcpu", 0, k.PMU_ATTRS),
        ("vcpu", 1, {}),
        ("dev", 0, k.VGIC_ADDR_ATTRS),
        ("dev", 4, k.VGIC_CTRL_ATTRS),
        ("dev", 3, {}),
    ],
)
def test_attributes_are_named_by_object_and_group(
    kind: str, group: int, names: dict[str, int]
) -> None:
    assert k.attrs(kind, group) == names
