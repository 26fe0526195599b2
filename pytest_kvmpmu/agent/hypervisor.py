"""Describes KVM on this machine: which vGICs it makes, the limits of its VMs, and its mode.

It makes one VM, without vCPUs, and closes it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
from pathlib import Path
from typing import Any, Iterator

from ..uapi import constants as k
from ..uapi import ioctl as req
from ..uapi import structs
from .syscall import ioctl

_LOG = "/dev/kmsg"
_COMMAND_LINE = Path("/proc/cmdline")
_RECORD = 8192
# The size of a VM of type 0, in bits.
_USUAL_IPA_BITS = 40
# In the order in which they serve VMMs: most take a GICv3 first.
_GICS = (
    (3, k.KVM_DEV_TYPE_ARM_VGIC_V3),
    (2, k.KVM_DEV_TYPE_ARM_VGIC_V2),
    (5, k.KVM_DEV_TYPE_ARM_VGIC_V5),
)
# arch/arm64/kvm/arm.c, at boot: "Protected nVHE mode initialized successfully", or another mode.
_MODE = re.compile(r"kvm.*: (.*)mode initialized successfully")


def describe(kvm: int) -> dict[str, Any]:
    """The facts as JSON values; ``kvm`` is the open /dev/kvm.

    ``gics`` are the versions of the vGICs that KVM_CREATE_DEVICE makes, ``create_irqchip`` is the
    errno of KVM_CREATE_IRQCHIP, 0 if it makes a GICv2; ``ipa_bits``,
    ``max_vcpus``, ``max_vcpu_id`` and ``nested`` are capabilities.  ``protected`` says whether KVM
    is in protected mode, and ``protected_source`` where that was read: ``log`` or ``command line``.
    """
    ipa_bits = _capability(kvm, "KVM_CAP_ARM_VM_IPA_SIZE") or _USUAL_IPA_BITS
    protected, source = protected_mode()
    return {
        **_vgics(kvm, ipa_bits),
        "ipa_bits": ipa_bits,
        "max_vcpus": _capability(kvm, "KVM_CAP_MAX_VCPUS"),
        "max_vcpu_id": _capability(kvm, "KVM_CAP_MAX_VCPU_ID"),
        "nested": _capability(kvm, "KVM_CAP_ARM_EL2") > 0,
        "protected": protected,
        "protected_source": source,
    }


def _capability(kvm: int, name: str) -> int:
    return max(ioctl(kvm, req.KVM_CHECK_EXTENSION, k.CAPABILITIES[name])[0], 0)


def _vgics(kvm: int, ipa_bits: int) -> dict[str, Any]:
    vm, errno = ioctl(kvm, req.KVM_CREATE_VM, ipa_bits if ipa_bits < _USUAL_IPA_BITS else 0)
    if vm < 0:
        return {"gics": [], "create_irqchip": errno}
    try:
        gics = [version for version, device in _GICS if _makes(vm, device)]
        return {"gics": gics, "create_irqchip": ioctl(vm, req.KVM_CREATE_IRQCHIP, 0)[1]}
    finally:
        os.close(vm)


def _makes(vm: int, device: int) -> bool:
    """Whether KVM_CREATE_DEVICE with KVM_CREATE_DEVICE_TEST succeeds."""
    asked = structs.KVM_CREATE_DEVICE.pack(device, 0, k.KVM_CREATE_DEVICE_TEST)
    buffer = ctypes.create_string_buffer(asked, len(asked))
    return ioctl(vm, req.KVM_CREATE_DEVICE, ctypes.addressof(buffer))[0] == 0


def protected_mode() -> tuple[bool, str]:
    """Whether KVM is in protected mode, and where that is said.

    The kernel's log names the mode that came up.  If the log can't be read, or no longer has that
    line, the kernel's command line has the mode that was asked for.
    """
    for line in _log():
        found = _MODE.search(line)
        if found:
            return "Protected" in found[1], "log"
    with contextlib.suppress(OSError):
        return "kvm-arm.mode=protected" in _COMMAND_LINE.read_text().split(), "command line"
    return False, ""


def _log() -> Iterator[str]:
    """The lines of the kernel's log, as far as this process may read it."""
    try:
        fd = os.open(_LOG, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    try:
        while True:
            try:
                record = os.read(fd, _RECORD)
            except BrokenPipeError:  # the record was overwritten
                continue
            except OSError:  # EAGAIN after the last one
                return
            if not record:
                return
            yield record.decode(errors="replace")
    finally:
        os.close(fd)
