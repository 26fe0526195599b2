"""The handles: /dev/kvm, VMs, vCPUs and devices, as kvm-ioctls has them.

A handle is an object's name, a host CPU, and a session to issue Calls in.  `on`
gives the same object seen from another CPU; what a handle makes is issued from its
own CPU.  A method is one ioctl unless it says otherwise: it returns what the ioctl
wrote, or raises `KvmError`.  No handle knows which backend is below.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ..data.gic import GICS, Gic
from ..data.host import Pmu
from ..data.payloads import Payload, payload
from ..uapi import constants as k
from ..wire.call import Call
from ..wire.outcome import Exit, Outcome
from ..wire.params import NULL, Addr
from .session import CallHung, KvmError, Session

__all__ = [
    "CallHung",
    "Device",
    "GuestFault",
    "Handle",
    "Kvm",
    "KvmError",
    "Session",
    "UnexpectedExit",
    "Vcpu",
    "Vm",
]

H = TypeVar("H", bound="Handle")

# The interrupt that VMMs use for the PMU: PPI 7; and as a GICv5 numbers it, which takes no other.
PMU_PPI, GICV5_PMU_PPI = GICS[3].pmu_irq, GICS[5].pmu_irq

_AN_INT = Addr("int", (0,))


class GuestFault(Exception):
    """The guest took an exception that its payload does not expect."""


@dataclass(frozen=True)
class Handle:
    """One object, seen from one host CPU."""

    session: Session
    name: str
    cpu: int
    seconds: float | None = None

    def on(self: H, cpu: int) -> H:
        """The same object; calls are issued from ``cpu``."""
        return replace(self, cpu=cpu)

    def call(self, ioctl: str, **args: Any) -> Outcome:
        """Issue an ioctl on this object.  Raises `KvmError` where it returns -1."""
        return self.session.issue(self._asked(ioctl, **args), self.seconds)

    def attempt(self, ioctl: str, **args: Any) -> Outcome:
        """As `call`, but a refusal is an Outcome like any other."""
        try:
            return self.call(ioctl, **args)
        except KvmError as error:
            return error.outcome

    def within(self: H, seconds: float) -> H:
        """The same object; calls that take longer than ``seconds`` are interrupted."""
        return replace(self, seconds=seconds)

    def do(self, ioctl: str, new: str | None = None, **args: Any) -> None:
        """As `call`, for an ioctl whose success is all that matters: it may wait in a batch."""
        self.session.defer(self._asked(ioctl, new=new, **args))

    def _asked(self, ioctl: str, **args: Any) -> Call:
        """The Call, the same object where the same was asked before.  Raises `BadCall`."""
        try:
            return _same(ioctl, self.name, self.cpu, **args)
        except TypeError:  # an argument has no hash, like a list of features
            return Call.make(ioctl, self.name, self.cpu, **args)


# By type as well: True is not a number.
_same = functools.lru_cache(maxsize=4096, typed=True)(Call.make)


class Kvm(Handle):
    """The open /dev/kvm."""

    def check_extension(self, cap: str | int) -> int:
        """KVM_CHECK_EXTENSION: the capability's value, 0 where it is not there."""
        return self.call("KVM_CHECK_EXTENSION", cap=cap).ret

    def create_vm(self, type: int | None = None) -> Vm:
        """KVM_CREATE_VM.  ``type`` is the IPA size in bits, 0 for 40.

        Default: 0, or the host's limit if that is smaller.
        """
        name = self.session.name("vm")
        type = self.session.vm_type if type is None else type
        self.do("KVM_CREATE_VM", new=name, type=type)
        return Vm(self.session, name, self.cpu)


class Vm(Handle):
    """A VM."""

    def create_vcpu(self, id: int) -> Vcpu:
        """KVM_CREATE_VCPU.  Not after the vGIC was initialised (EBUSY)."""
        name = self.session.name("vcpu")
        self.do("KVM_CREATE_VCPU", new=name, id=id)
        return Vcpu(self.session, name, self.cpu, vm=self.name)

    def check_extension(self, cap: str | int) -> int:
        """KVM_CHECK_EXTENSION on the VM."""
        return self.call("KVM_CHECK_EXTENSION", cap=cap).ret

    def preferred_target(self) -> int:
        """KVM_ARM_PREFERRED_TARGET: the target to give to KVM_ARM_VCPU_INIT."""
        out = self.call("KVM_ARM_PREFERRED_TARGET").out
        assert out is not None
        return int(out["target"])

    def create_device(self, type: int, flags: int = 0, argp: str = "valid") -> Device:
        """KVM_CREATE_DEVICE."""
        name = self.session.name("dev")
        self.do("KVM_CREATE_DEVICE", new=name, type=type, flags=flags, argp=argp)
        return Device(self.session, name, self.cpu)

    def create_gic(self, kind: Gic | None = None) -> Device:
        """An initialised vGIC of that kind, or of the host's.  All vCPUs have to exist already.

        KVM_CREATE_DEVICE, KVM_SET_DEVICE_ATTR for the address of each frame, and
        KVM_DEV_ARM_VGIC_CTRL_INIT.
        """
        with self.session.batch():
            made = self.create_bare_gic(kind)
            made.place(kind)
            made.init_gic()
        return made

    def create_bare_gic(self, kind: Gic | None = None) -> Device:
        """KVM_CREATE_DEVICE of a vGIC of that kind, or of the host's; no attribute is set."""
        return self.create_device(_kind(self.session, kind).device)

    def connect(self, *vcpus: Vcpu) -> None:
        """The host's vGIC, and the interrupt of each vCPU's PMU: `create_gic`, `Vcpu.set_irq`.

        On a host without a vGIC it does nothing, and the PMUs have no interrupt.
        """
        kind = self.session.gic
        if kind is None:
            return
        self.create_gic()
        for vcpu in vcpus:
            vcpu.set_irq(kind.pmu_irq)

    def load(self, name: str) -> None:
        """KVM_SET_USER_MEMORY_REGION: 64 KiB at guest address 0 with a payload in them."""
        self.do("KVM_SET_USER_MEMORY_REGION", payload=payload(name).name)


class _HasAttrs(Handle):
    """What vCPUs and devices have in common.  A null ``addr`` is for attributes without one."""

    def set_attr(self, group: int, attr: int, addr: Addr = NULL, **more: Any) -> None:
        """KVM_SET_DEVICE_ATTR."""
        self.do("KVM_SET_DEVICE_ATTR", group=group, attr=attr, addr=addr, **more)

    def get_attr(self, group: int, attr: int, addr: Addr = _AN_INT, **more: Any) -> int:
        """KVM_GET_DEVICE_ATTR: the value that the kernel wrote to ``addr``."""
        out = self.call("KVM_GET_DEVICE_ATTR", group=group, attr=attr, addr=addr, **more).out
        assert out is not None
        return int(out["value"])

    def require_attr(self, group: int, attr: int, **more: Any) -> None:
        """KVM_HAS_DEVICE_ATTR.  `KvmError` with ENXIO says that it has not."""
        self.do("KVM_HAS_DEVICE_ATTR", group=group, attr=attr, **more)


class Device(_HasAttrs):
    """A device made with KVM_CREATE_DEVICE."""

    def set_address(self, frame: int, address: int) -> None:
        """KVM_DEV_ARM_VGIC_GRP_ADDR: the guest physical address of a frame of this vGIC."""
        self.set_attr(k.KVM_DEV_ARM_VGIC_GRP_ADDR, frame, Addr("u64", (address,)))

    def place(self, kind: Gic | None = None) -> None:
        """`set_address` for each frame of a vGIC of that kind, as the standard guest has them."""
        for frame, address in _kind(self.session, kind).frames:
            self.set_address(frame, address)

    def init_gic(self) -> None:
        """KVM_DEV_ARM_VGIC_CTRL_INIT."""
        self.set_attr(k.KVM_DEV_ARM_VGIC_GRP_CTRL, k.KVM_DEV_ARM_VGIC_CTRL_INIT)


def _kind(session: Session, wanted: Gic | None) -> Gic:
    kind = wanted or session.gic
    assert kind is not None, "a spec that creates a vGIC has to require one"
    return kind


@dataclass(frozen=True)
class Vcpu(_HasAttrs):
    """A vCPU.  The PMU methods below are attributes of KVM_ARM_VCPU_PMU_V3_CTRL."""

    vm: str = ""

    def init(self, features: Iterable[int] = (k.KVM_ARM_VCPU_PSCI_0_2,)) -> None:
        """KVM_ARM_VCPU_INIT for the preferred target (two ioctls), with feature bits."""
        target = Vm(self.session, self.vm, self.cpu).preferred_target()
        self.do("KVM_ARM_VCPU_INIT", target=target, features=frozenset(features))

    def init_with_pmu(self) -> None:
        """`init` with KVM_ARM_VCPU_PSCI_0_2 and KVM_ARM_VCPU_PMU_V3."""
        self.init((k.KVM_ARM_VCPU_PSCI_0_2, k.KVM_ARM_VCPU_PMU_V3))

    def set_pmu_attr(self, attr: int, addr: Addr = NULL) -> None:
        """SET any attribute of the PMU group."""
        self.set_attr(k.KVM_ARM_VCPU_PMU_V3_CTRL, attr, addr)

    def set_irq(self, irq: int) -> None:
        """KVM_ARM_VCPU_PMU_V3_IRQ: the overflow interrupt, a PPI (16-31) or SPI (32-1019)."""
        self.set_pmu_attr(k.KVM_ARM_VCPU_PMU_V3_IRQ, Addr("int", (irq,)))

    def init_pmu(self) -> None:
        """KVM_ARM_VCPU_PMU_V3_INIT: from here on the PMU's attributes are EBUSY."""
        self.set_pmu_attr(k.KVM_ARM_VCPU_PMU_V3_INIT)

    def set_filter(self, base_event: int, nevents: int, action: int) -> None:
        """KVM_ARM_VCPU_PMU_V3_FILTER: ``action`` 0 allows the range of events, 1 denies it."""
        addr = Addr("kvm_pmu_event_filter", (base_event, nevents, action))
        self.set_pmu_attr(k.KVM_ARM_VCPU_PMU_V3_FILTER, addr)

    def set_pmu(self, pmu: Pmu | int) -> None:
        """KVM_ARM_VCPU_PMU_V3_SET_PMU: a PMU, or any number for its perf type id."""
        number = pmu.type if isinstance(pmu, Pmu) else pmu
        self.set_pmu_attr(k.KVM_ARM_VCPU_PMU_V3_SET_PMU, Addr("int", (number,)))

    def has_pmu_attr(self, attr: int) -> None:
        """HAS for any attribute of the PMU group; `KvmError` with ENXIO says no."""
        self.require_attr(k.KVM_ARM_VCPU_PMU_V3_CTRL, attr)

    def get_register(self, id: int) -> int:
        """KVM_GET_ONE_REG: the value of a 64-bit register."""
        out = self.call("KVM_GET_ONE_REG", id=id).out
        assert out is not None
        return int(out["value"])

    def set_register(self, id: int, value: int) -> None:
        """KVM_SET_ONE_REG of a 64-bit register."""
        self.do("KVM_SET_ONE_REG", id=id, addr=Addr("u64", (value,)))

    def run(self, immediate_exit: bool = False) -> Exit:
        """KVM_RUN, once: why the guest was left, or not entered."""
        exit = self.call("KVM_RUN", immediate_exit=immediate_exit).exit
        assert exit is not None
        return exit

    def run_payload(self, name: str) -> dict[str, int]:
        """KVM_RUN until the payload has reported all its fields: their values by name.

        An exit other than the payload's own stores raises `UnexpectedExit`.
        """
        program = payload(name)
        found: dict[str, int] = {}
        while True:
            exit = self.run()
            if exit.mmio is None or not exit.mmio.is_write:
                raise UnexpectedExit(exit)
            if exit.mmio.phys_addr == program.done:
                return found
            found[_field(program, exit.mmio.phys_addr, exit.mmio.data)] = exit.mmio.data


class UnexpectedExit(Exception):
    """The guest was left for another reason than the payload's report."""

    def __init__(self, exit: Exit) -> None:
        reason = k.name_of(exit.reason, k.EXIT_REASONS)
        super().__init__(f"KVM_RUN returned with {reason}: {exit}")
        self.exit = exit


def _field(program: Payload, address: int, value: int) -> str:
    for name, at in program.fields.items():
        if at == address:
            return name
    if address == program.fault:
        raise GuestFault(f"the payload {program.name} took an exception: ESR_EL1 is {value:#x}")
    raise GuestFault(f"the payload {program.name} stored {value:#x} to {address:#x}")
