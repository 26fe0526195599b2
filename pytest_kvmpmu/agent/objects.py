"""The objects of one world by name: descriptors, vCPUs with their kvm_run, guest memory."""

from __future__ import annotations

import os
from pathlib import Path

from ..uapi import ioctl as req
from . import syscall
from .vcpu import Vcpu


class Objects:
    """Keeps the objects that Calls make.  ``payloads`` is the folder of the guest programs."""

    def __init__(self, payloads: Path) -> None:
        self.payloads = payloads
        self._kvm = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
        self._fds: dict[str, int] = {"kvm": self._kvm}
        self._vcpus: dict[str, Vcpu] = {}
        self._memory: list[tuple[int, int]] = []
        self._run_size = 0

    def fd(self, name: str) -> int:
        """The descriptor of an object, -1 if it was never made."""
        return self._fds.get(name, -1)

    def vcpu(self, name: str) -> Vcpu | None:
        """A vCPU that can be run; None if its creation failed."""
        return self._vcpus.get(name)

    def adopt(self, name: str, fd: int) -> None:
        """Keep a new object, or that its creation failed (-1)."""
        self._fds[name] = fd
        if fd >= 0 and name.startswith("vcpu"):
            if not self._run_size:
                self._run_size, _ = syscall.ioctl(self._kvm, req.KVM_GET_VCPU_MMAP_SIZE, 0)
            self._vcpus[name] = Vcpu(fd, self._run_size)

    def memory(self, size: int) -> int:
        """The address of fresh memory that lasts as long as the world."""
        address = syscall.map_memory(size)
        self._memory.append((address, size))
        return address

    def close(self) -> None:
        """End the VMs: the kernel destroys a VM when its last descriptor and mapping are gone."""
        for vcpu in self._vcpus.values():
            vcpu.close()
        for fd in reversed(list(self._fds.values())):
            if fd >= 0:
                os.close(fd)
        for address, size in self._memory:
            syscall.unmap_memory(address, size)
