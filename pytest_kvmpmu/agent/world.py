"""One world: the objects that a sequence of Calls makes, and the Calls' execution.

A world lives in a thread of its own, since KVM makes perf events for the thread that
runs a vCPU, and events that are left over would keep the next VM's from counting.
"""

from __future__ import annotations

import ctypes
import mmap
import os
import struct
from pathlib import Path
from typing import Any, Callable

from ..uapi import constants as k
from ..uapi import ioctl as req
from ..uapi import structs
from ..uapi.errno import Errno
from ..wire.call import Call
from ..wire.outcome import Exit, FailEntry, Mmio, Outcome
from ..wire.params import POINTEES, Addr
from . import payload
from .syscall import bounded_ioctl, ioctl, map_memory, unmap_memory

# What the agent finds in fail_entry when the kernel did not write there.
_POISON = (0xA5A5A5A5A5A5A5A5, 0xA5A5A5A5)
_PAGE = mmap.PAGESIZE


class CannotIssue(Exception):
    """A call that can't even be made here; the message says why."""


class _Vcpu:
    """A vCPU's fd and its mapped struct kvm_run."""

    def __init__(self, fd: int, size: int) -> None:
        self.fd = fd
        self.run = mmap.mmap(fd, size) if fd >= 0 else None


class World:
    """Executes Calls, keeping the objects that they make by name."""

    def __init__(self, payloads: Path) -> None:
        self._payloads = payloads
        self._cpu: int | None = None
        self._fds: dict[str, int] = {}
        self._vcpus: dict[str, _Vcpu] = {}
        self._memory: list[tuple[int, int]] = [(map_memory(_PAGE, 0), _PAGE)]
        self._unmapped = self._memory[0][0]
        self._kvm = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
        self._fds["kvm"] = self._kvm
        self._run_size, _ = ioctl(self._kvm, req.KVM_GET_VCPU_MMAP_SIZE, 0)
        self._special: dict[str, Callable[[Call, float], Outcome]] = {
            "KVM_RUN": self._run,
            "KVM_SET_USER_MEMORY_REGION": self._memory_region,
            "KVM_ARM_PREFERRED_TARGET": self._preferred_target,
            "KVM_CREATE_DEVICE": self._create_device,
            "KVM_ARM_VCPU_INIT": self._vcpu_init,
        }

    def execute(self, call: Call, seconds: float) -> Outcome:
        """Issue ``call`` from its CPU; interrupt it after ``seconds``."""
        if call.cpu != self._cpu:
            try:
                os.sched_setaffinity(0, {call.cpu})
            except OSError as error:
                raise CannotIssue(
                    f"CPU {call.cpu} cannot be used here: {error.strerror}"
                ) from error
            self._cpu = call.cpu
        if "addr" in call.args:
            return self._through_pointer(call, seconds)
        special = self._special.get(call.ioctl)
        if special is not None:
            return special(call, seconds)
        (arg,) = call.args.values()
        ret, outcome = self._issue(call, arg, seconds)
        if call.new is None:
            return outcome
        self._adopt(call.new, ret)
        return _without_fd(outcome)

    def close(self) -> None:
        """End the VMs: with the last descriptor and mapping of one, the kernel takes it down."""
        for vcpu in self._vcpus.values():
            if vcpu.run is not None:
                vcpu.run.close()
        for fd in reversed(list(self._fds.values())):
            if fd >= 0:
                os.close(fd)
        for address, size in self._memory:
            unmap_memory(address, size)

    def _issue(
        self, call: Call, arg: int, seconds: float, exit: Callable[[], Exit] | None = None
    ) -> tuple[int, Outcome]:
        fd = self._fds.get(call.on, -1)
        ret, errno, late = bounded_ioctl(seconds, fd, req.REQUESTS[call.ioctl], arg)
        return ret, Outcome(
            ret, errno or None, exit=exit() if exit is not None else None, timed_out=late
        )

    def _adopt(self, name: str, fd: int) -> None:
        self._fds[name] = fd
        if name.startswith("vcpu"):
            self._vcpus[name] = _Vcpu(fd, self._run_size)

    def _struct(self, call: Call, content: bytes) -> tuple[int, Any]:
        """The address to pass, and the buffer behind it (to be kept alive and read back)."""
        buffer = ctypes.create_string_buffer(content, max(len(content), 1))
        if call.args.get("argp") == "fault":
            return self._unmapped, buffer
        return ctypes.addressof(buffer), buffer

    def _pointee(self, addr: Addr) -> tuple[int, Any]:
        if addr.kind == "fault":
            return self._unmapped, None
        if addr.kind == "null":
            return 0, None
        buffer = ctypes.create_string_buffer(addr.memory)
        return ctypes.addressof(buffer), buffer

    def _through_pointer(self, call: Call, seconds: float) -> Outcome:
        """A call whose structure points to a value: device attributes and registers."""
        args = call.args
        addr: Addr = args["addr"]
        address, memory = self._pointee(addr)
        if "attr" in args:
            content = structs.KVM_DEVICE_ATTR.pack(
                args["flags"], args["group"], args["attr"], address
            )
        else:
            content = structs.KVM_ONE_REG.pack(args["id"], address)
        arg, _keep = self._struct(call, content)
        ret, outcome = self._issue(call, arg, seconds)
        if call.ioctl.startswith("KVM_GET_") and ret == 0 and memory is not None:
            (value, *_rest) = struct.unpack_from(POINTEES[addr.kind][0], memory)
            return Outcome(ret, out={"value": value})
        return outcome

    def _preferred_target(self, call: Call, seconds: float) -> Outcome:
        arg, buffer = self._struct(call, bytes(structs.KVM_VCPU_INIT.size))
        ret, outcome = self._issue(call, arg, seconds)
        if ret < 0:
            return outcome
        target, *words = structs.KVM_VCPU_INIT.unpack_from(buffer)
        features = [n for n in range(32 * 7) if words[n // 32] >> n % 32 & 1]
        return Outcome(ret, out={"target": target, "features": features})

    def _vcpu_init(self, call: Call, seconds: float) -> Outcome:
        words = [0] * 7
        for bit in call.args["features"]:
            words[bit // 32] |= 1 << bit % 32
        arg, _keep = self._struct(call, structs.KVM_VCPU_INIT.pack(call.args["target"], *words))
        return self._issue(call, arg, seconds)[1]

    def _create_device(self, call: Call, seconds: float) -> Outcome:
        content = structs.KVM_CREATE_DEVICE.pack(call.args["type"], 0, call.args["flags"])
        arg, buffer = self._struct(call, content)
        ret, outcome = self._issue(call, arg, seconds)
        made = ret == 0 and not call.args["flags"] & k.KVM_CREATE_DEVICE_TEST
        _type, fd, _flags = structs.KVM_CREATE_DEVICE.unpack_from(buffer)
        assert call.new is not None  # the call table says so
        self._adopt(call.new, fd if made else -1)
        return outcome

    def _memory_region(self, call: Call, seconds: float) -> Outcome:
        args = call.args
        size = args["memory_size"]
        code = b""
        if args["payload"] is not None:
            code = payload.image(self._payloads, args["payload"])
        backing = max(size, len(code), _PAGE)
        address = map_memory(backing)
        self._memory.append((address, backing))
        ctypes.memmove(address, code, len(code))
        content = structs.KVM_USERSPACE_MEMORY_REGION.pack(
            args["slot"], 0, args["guest_phys_addr"], size, address
        )
        arg, _keep = self._struct(call, content)
        return self._issue(call, arg, seconds)[1]

    def _run(self, call: Call, seconds: float) -> Outcome:
        vcpu = self._vcpus.get(call.on)
        if vcpu is None or vcpu.run is None:
            return Outcome(-1, Errno.EBADF)
        run = vcpu.run
        at, layout = structs.RUN_IMMEDIATE_EXIT
        layout.pack_into(run, at, call.args["immediate_exit"])
        # The next KVM_RUN takes a pending MMIO read from the same union; no payload reads.
        at, layout = structs.RUN_FAIL_ENTRY
        layout.pack_into(run, at, *_POISON)
        return self._issue(call, call.args["arg"], seconds, exit=lambda: _decode(run))[1]


def _decode(run: mmap.mmap) -> Exit:
    at, layout = structs.RUN_EXIT_REASON
    (reason,) = layout.unpack_from(run, at)
    fail_entry = mmio = None
    if reason == k.KVM_EXIT_FAIL_ENTRY:
        at, layout = structs.RUN_FAIL_ENTRY
        found = layout.unpack_from(run, at)
        fail_entry = FailEntry(*(None if f == p else f for f, p in zip(found, _POISON)))
    elif reason == k.KVM_EXIT_MMIO:
        at, layout = structs.RUN_MMIO
        phys_addr, data, length, is_write = layout.unpack_from(run, at)
        if phys_addr != _POISON[0]:  # else this call did not get as far as an exit
            mmio = Mmio(phys_addr, length, bool(is_write), int.from_bytes(data[:length], "little"))
    return Exit(reason, fail_entry, mmio)


def _without_fd(outcome: Outcome) -> Outcome:
    return outcome if outcome.ret < 0 else Outcome(0)
