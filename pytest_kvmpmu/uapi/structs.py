"""Layouts of the structures that the ioctls take: struct formats, with their sizes checked.

Little endian, natural alignment spelled out as padding (``x``).
"""

from __future__ import annotations

import struct

KVM_DEVICE_ATTR = struct.Struct("<IIQQ")  # flags, group, attr, addr
KVM_VCPU_INIT = struct.Struct("<I7I")  # target, features[7]
KVM_CREATE_DEVICE = struct.Struct("<III")  # type, fd (out), flags
KVM_USERSPACE_MEMORY_REGION = struct.Struct("<IIQQQ")  # slot, flags, gpa, size, hva
KVM_ONE_REG = struct.Struct("<QQ")  # id, addr
KVM_PMU_EVENT_FILTER = struct.Struct("<HHB3x")  # base_event, nevents, action

# struct kvm_run: members by offset.  The exit union begins at 32.
RUN_IMMEDIATE_EXIT = (1, struct.Struct("<B"))
RUN_EXIT_REASON = (8, struct.Struct("<I"))
RUN_FAIL_ENTRY = (32, struct.Struct("<QI"))  # hardware_entry_failure_reason, cpu
RUN_MMIO = (32, struct.Struct("<Q8sIB"))  # phys_addr, data, len, is_write

for _layout, _size in (
    (KVM_DEVICE_ATTR, 24),
    (KVM_VCPU_INIT, 32),
    (KVM_CREATE_DEVICE, 12),
    (KVM_USERSPACE_MEMORY_REGION, 32),
    (KVM_ONE_REG, 16),
    (KVM_PMU_EVENT_FILTER, 8),
):
    if _layout.size != _size:  # pragma: no cover  # only a wrong edit above gets here
        raise AssertionError(f"{_layout.format!r} has {_layout.size} bytes, not {_size}")
