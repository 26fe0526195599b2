"""A vCPU's descriptor and its mapped struct kvm_run."""

from __future__ import annotations

import mmap

from ..uapi import constants as k
from ..uapi import structs
from ..wire.outcome import Exit, FailEntry, Mmio

# The value in fail_entry when the kernel did not write there.
_POISON = (0xA5A5A5A5A5A5A5A5, 0xA5A5A5A5)


class Vcpu:
    """The vCPU ``fd``; ``size`` is KVM_GET_VCPU_MMAP_SIZE."""

    def __init__(self, fd: int, size: int) -> None:
        self.fd = fd
        self._run = mmap.mmap(fd, size)

    def prepare(self, immediate_exit: bool) -> None:
        """Prepare a KVM_RUN: set immediate_exit, poison what it may write."""
        at, layout = structs.RUN_IMMEDIATE_EXIT
        layout.pack_into(self._run, at, immediate_exit)
        # The next KVM_RUN takes the data of a pending MMIO read from this union; no payload reads.
        at, layout = structs.RUN_FAIL_ENTRY
        layout.pack_into(self._run, at, *_POISON)

    def exit(self) -> Exit:
        """The exit that the last KVM_RUN left."""
        at, layout = structs.RUN_EXIT_REASON
        (reason,) = layout.unpack_from(self._run, at)
        fail_entry = mmio = None
        if reason == k.KVM_EXIT_FAIL_ENTRY:
            at, layout = structs.RUN_FAIL_ENTRY
            found = layout.unpack_from(self._run, at)
            fail_entry = FailEntry(*(None if f == p else f for f, p in zip(found, _POISON)))
        elif reason == k.KVM_EXIT_MMIO:
            at, layout = structs.RUN_MMIO
            phys_addr, data, length, is_write = layout.unpack_from(self._run, at)
            if phys_addr != _POISON[0]:  # else this call did not reach an exit
                value = int.from_bytes(data[:length], "little")
                mmio = Mmio(phys_addr, length, bool(is_write), value)
        return Exit(reason, fail_entry, mmio)

    def close(self) -> None:
        """Unmap; the descriptor belongs to the world."""
        self._run.close()
