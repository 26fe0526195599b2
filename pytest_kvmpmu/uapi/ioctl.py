"""ioctl request numbers (include/uapi/linux/kvm.h), grouped by the fd that takes them.

The encoding is the generic one of include/uapi/asm-generic/ioctl.h:
direction << 30 | size << 16 | type << 8 | number, with KVM's type 0xAE.
"""

from __future__ import annotations

KVMIO = 0xAE
_WRITE, _READ = 1, 2


def _io(number: int) -> int:
    return KVMIO << 8 | number


def _iow(number: int, size: int) -> int:
    return _WRITE << 30 | size << 16 | _io(number)


def _ior(number: int, size: int) -> int:
    return _READ << 30 | size << 16 | _io(number)


def _iowr(number: int, size: int) -> int:
    return (_READ | _WRITE) << 30 | size << 16 | _io(number)


# /dev/kvm
KVM_GET_API_VERSION = _io(0x00)
KVM_CREATE_VM = _io(0x01)
KVM_CHECK_EXTENSION = _io(0x03)  # also on a VM (KVM_CAP_CHECK_EXTENSION_VM)
KVM_GET_VCPU_MMAP_SIZE = _io(0x04)

# VM
KVM_CREATE_VCPU = _io(0x41)
KVM_SET_USER_MEMORY_REGION = _iow(0x46, 32)
KVM_CREATE_IRQCHIP = _io(0x60)
KVM_ARM_PREFERRED_TARGET = _ior(0xAF, 32)
KVM_CREATE_DEVICE = _iowr(0xE0, 12)  # KVM_CAP_DEVICE_CTRL

# vCPU and device (KVM_CAP_VCPU_ATTRIBUTES for the vCPU); GET is encoded as a write, too
KVM_SET_DEVICE_ATTR = _iow(0xE1, 24)
KVM_GET_DEVICE_ATTR = _iow(0xE2, 24)
KVM_HAS_DEVICE_ATTR = _iow(0xE3, 24)

# vCPU
KVM_RUN = _io(0x80)
KVM_GET_ONE_REG = _iow(0xAB, 16)
KVM_SET_ONE_REG = _iow(0xAC, 16)
KVM_ARM_VCPU_INIT = _iow(0xAE, 32)

REQUESTS: dict[str, int] = {
    name: value for name, value in globals().items() if name.startswith("KVM_")
}
