"""The ABI's structures, against sizes and offsets of the kernel's headers."""

from __future__ import annotations

import struct

import pytest

from pytest_kvmpmu.uapi import structs
from pytest_kvmpmu.wire.params import POINTEES


@pytest.mark.parametrize(
    ("layout", "size"),
    [
        (structs.KVM_DEVICE_ATTR, 24),
        (structs.KVM_VCPU_INIT, 32),
        (structs.KVM_CREATE_DEVICE, 12),
        (structs.KVM_USERSPACE_MEMORY_REGION, 32),
        (structs.KVM_ONE_REG, 16),
        (structs.KVM_PMU_EVENT_FILTER, 8),
    ],
    ids=["device_attr", "vcpu_init", "create_device", "memory_region", "one_reg", "filter"],
)
def test_structures_have_the_headers_sizes(layout: struct.Struct, size: int) -> None:
    assert layout.size == size


def test_members_lie_at_the_headers_offsets() -> None:
    attr = structs.KVM_DEVICE_ATTR.pack(1, 2, 3, 4)
    assert struct.unpack_from("<I", attr, 4) == (2,)
    assert struct.unpack_from("<QQ", attr, 8) == (3, 4)
    region = structs.KVM_USERSPACE_MEMORY_REGION.pack(1, 2, 3, 4, 5)
    assert struct.unpack_from("<QQQ", region, 8) == (3, 4, 5)
    assert structs.KVM_PMU_EVENT_FILTER.pack(0x0201, 0x0403, 1).hex() == "0102030401000000"
    assert structs.KVM_VCPU_INIT.pack(5, 8, *[0] * 6)[:8].hex() == "0500000008000000"


def test_kvm_runs_members_lie_at_the_headers_offsets() -> None:
    assert structs.RUN_IMMEDIATE_EXIT[0] == 1
    assert structs.RUN_EXIT_REASON[0] == 8
    assert structs.RUN_FAIL_ENTRY[0] == structs.RUN_MMIO[0] == 32
    assert structs.RUN_FAIL_ENTRY[1].size == 12
    assert structs.RUN_MMIO[1].unpack(bytes(range(21))) == (
        0x0706050403020100,
        bytes(range(8, 16)),
        0x13121110,
        20,
    )


def test_a_filter_behind_addr_has_the_headers_layout() -> None:
    assert POINTEES["kvm_pmu_event_filter"][0] == structs.KVM_PMU_EVENT_FILTER.format
