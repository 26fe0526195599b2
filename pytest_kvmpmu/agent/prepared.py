"""Calls prepared for issuing: work that is the same each time is done once.

A prepared call does not belong to a world; the objects that it names are looked up when it is
issued.  Its buffers live as long as it does: two threads must not issue the same one.
"""

from __future__ import annotations

import ctypes
import functools
import mmap
import struct
from typing import Any, Callable, Mapping

from ..uapi import constants as k
from ..uapi import structs
from ..uapi.errno import Errno
from ..uapi.ioctl import REQUESTS
from ..wire.call import Call
from ..wire.outcome import Outcome
from ..wire.params import POINTEES, Addr
from . import payload, syscall
from .objects import Objects

_PAGE = mmap.PAGESIZE
# Outcomes of only two numbers, each made once.
_plain = functools.lru_cache(maxsize=None)(Outcome)


class Prepared:
    """``issue`` issues the call from the calling thread, which must be on ``cpu``.

    ``runs`` says that it is a KVM_RUN: all those of a vCPU are issued by one thread.
    """

    runs = False

    def __init__(self, call: Call) -> None:
        self.cpu = call.cpu
        self.on = call.on
        self.request = REQUESTS[call.ioctl]

    def issue(self, objects: Objects, seconds: float) -> Outcome:
        """The Outcome of the call.  If it sleeps, it is interrupted after ``seconds``."""
        raise NotImplementedError


def prepare(call: Call) -> Prepared:
    """``call``, prepared."""
    if "addr" in call.args:
        return _Indirect(call)
    return _KINDS.get(call.ioctl, _ByValue)(call)


class _ByValue(Prepared):
    """A call whose argument is a number; its result may be a new descriptor."""

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        (self._arg,) = call.args.values()
        self._new = call.new

    def issue(self, objects: Objects, seconds: float) -> Outcome:
        del seconds  # only KVM_RUN sleeps so that a signal wakes it
        ret, errno = syscall.ioctl(objects.fd(self.on), self.request, self._arg)
        if self._new is not None:
            objects.adopt(self._new, ret)
            ret = min(ret, 0)  # the descriptor's number is not part of the interface
        return _plain(ret, errno or None)


class _Struct(Prepared):
    """A call whose argument points to a structure, filled with `content`."""

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self._content = self.content(call.args)
        self._buffer = ctypes.create_string_buffer(self._content, len(self._content))
        fault = call.args.get("argp") == "fault"
        self._address = syscall.unmapped() if fault else ctypes.addressof(self._buffer)

    def content(self, args: Mapping[str, Any]) -> bytes:
        """The structure's bytes."""
        raise NotImplementedError

    def issue(self, objects: Objects, seconds: float) -> Outcome:
        del seconds
        ret, errno = syscall.ioctl(objects.fd(self.on), self.request, self._address)
        return _plain(ret, errno or None)


class _Indirect(_Struct):
    """A structure that itself points to a value: device attributes and registers."""

    def __init__(self, call: Call) -> None:
        self._reads = call.ioctl.startswith("KVM_GET_")
        super().__init__(call)

    def content(self, args: Mapping[str, Any]) -> bytes:
        addr: Addr = args["addr"]
        self._layout = POINTEES[addr.kind][0] if addr.values else ""
        self._before = addr.memory
        self._pointee = ctypes.create_string_buffer(addr.memory, len(addr.memory) or 1)
        address = 0
        if addr.kind == "fault":
            address = syscall.unmapped()
        elif addr.values:
            address = ctypes.addressof(self._pointee)
        if "attr" in args:
            return structs.KVM_DEVICE_ATTR.pack(args["flags"], args["group"], args["attr"], address)
        return structs.KVM_ONE_REG.pack(args["id"], address)

    def issue(self, objects: Objects, seconds: float) -> Outcome:
        if not self._reads or not self._layout:
            return super().issue(objects, seconds)
        self._pointee.raw = self._before
        outcome = super().issue(objects, seconds)
        if outcome.ret != 0:
            return outcome
        (value, *_rest) = struct.unpack_from(self._layout, self._pointee)
        return Outcome(0, out={"value": value})


class _PreferredTarget(_Struct):
    """KVM_ARM_PREFERRED_TARGET."""

    def content(self, args: Mapping[str, Any]) -> bytes:
        del args
        return bytes(structs.KVM_VCPU_INIT.size)

    def issue(self, objects: Objects, seconds: float) -> Outcome:
        outcome = super().issue(objects, seconds)
        if outcome.ret < 0:
            return outcome
        target, *words = structs.KVM_VCPU_INIT.unpack_from(self._buffer)
        features = [
            32 * place + bit
            for place, word in enumerate(words)
            if word
            for bit in range(32)
            if word >> bit & 1
        ]
        return Outcome(outcome.ret, out={"target": target, "features": features})


class _VcpuInit(_Struct):
    """KVM_ARM_VCPU_INIT."""

    def content(self, args: Mapping[str, Any]) -> bytes:
        words = [0] * 7
        for bit in args["features"]:
            words[bit // 32] |= 1 << bit % 32
        return structs.KVM_VCPU_INIT.pack(args["target"], *words)


class _CreateDevice(_Struct):
    """KVM_CREATE_DEVICE."""

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        assert call.new is not None  # the call table says so
        self._new = call.new

    def content(self, args: Mapping[str, Any]) -> bytes:
        self._tests = bool(args["flags"] & k.KVM_CREATE_DEVICE_TEST)
        return structs.KVM_CREATE_DEVICE.pack(args["type"], 0, args["flags"])

    def issue(self, objects: Objects, seconds: float) -> Outcome:
        outcome = super().issue(objects, seconds)
        _type, fd, _flags = structs.KVM_CREATE_DEVICE.unpack_from(self._buffer)
        objects.adopt(self._new, fd if outcome.ret == 0 and not self._tests else -1)
        return outcome


class _MemoryRegion(Prepared):
    """KVM_SET_USER_MEMORY_REGION, with fresh memory and a payload at its start."""

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self._args = call.args

    def issue(self, objects: Objects, seconds: float) -> Outcome:
        del seconds
        args = self._args
        size = args["memory_size"]
        code = payload.image(objects.payloads, args["payload"]) if args["payload"] else b""
        address = objects.memory(max(size, len(code), _PAGE))
        ctypes.memmove(address, code, len(code))
        buffer = ctypes.create_string_buffer(
            structs.KVM_USERSPACE_MEMORY_REGION.pack(
                args["slot"], 0, args["guest_phys_addr"], size, address
            )
        )
        ret, errno = syscall.ioctl(objects.fd(self.on), self.request, ctypes.addressof(buffer))
        return _plain(ret, errno or None)


class _Run(Prepared):
    """KVM_RUN."""

    runs = True

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self._immediate_exit: bool = call.args["immediate_exit"]
        self._arg: int = call.args["arg"]

    def issue(self, objects: Objects, seconds: float) -> Outcome:
        vcpu = objects.vcpu(self.on)
        if vcpu is None:
            return _plain(-1, Errno.EBADF)
        vcpu.prepare(self._immediate_exit)
        ret, errno, late = syscall.bounded_ioctl(seconds, vcpu.fd, self.request, self._arg)
        return Outcome(ret, errno or None, exit=vcpu.exit(), timed_out=late)


_KINDS: dict[str, Callable[[Call], Prepared]] = {
    "KVM_ARM_PREFERRED_TARGET": _PreferredTarget,
    "KVM_ARM_VCPU_INIT": _VcpuInit,
    "KVM_CREATE_DEVICE": _CreateDevice,
    "KVM_RUN": _Run,
    "KVM_SET_USER_MEMORY_REGION": _MemoryRegion,
}
