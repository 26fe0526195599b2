"""The model's state: the kernel's state, frozen.

Not for: rules.  A field is here only if a row of a table reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ..data.gic import Gic, of_device
from ..data.host import USUAL_IPA_BITS, Host, Pmu
from ..uapi.constants import KVM_EXIT_UNKNOWN
from ..wire.call import Call


class Kvm(NamedTuple):
    """The open /dev/kvm."""


class Vm(NamedTuple):
    """A VM.  ``supported_cpus`` is None for all CPUs; ``features`` is None until fixed.

    ``irqchip`` is the type of its vGIC, as KVM_CREATE_DEVICE has it.
    """

    irqchip: int | None = None
    dist: int | None = None
    redist: int | None = None
    cpu_interface: int | None = None
    ipa_bits: int = USUAL_IPA_BITS
    protected: bool = False  # pKVM keeps its memory from the host
    nr_irqs: int | None = None
    vgic_initialized: bool = False
    features: frozenset[int] | None = None
    pmu: Pmu | None = None
    supported_cpus: frozenset[int] | None = None
    filters: tuple[tuple[int, int, int], ...] = ()  # base_event, nevents, action
    nr_counters: int | None = None
    pmuver: int | None = None  # ID_AA64DFR0_EL1.PMUVer as written by userspace
    has_run: bool = False
    memory: str | None = None  # payload at guest address 0; "" is zeroed memory
    dead: bool = False


class Vcpu(NamedTuple):
    """A vCPU.  ``pmu`` and ``supported_cpus`` are for the posted series; since 5.18 per VM."""

    vm: str
    id: int
    initialized: bool = False
    features: frozenset[int] = frozenset()
    powered_off: bool = False
    irq: int | None = None
    pmu_created: bool = False
    pmu_ready: bool = False  # the PMU was created when the first KVM_RUN passed its checks
    timers_enabled: bool = False  # the arch timers have claimed their interrupts
    pmu: Pmu | None = None
    supported_cpus: frozenset[int] | None = None
    on_unsupported_cpu: bool = False
    has_run: bool = False
    in_first_run: bool = False  # this KVM_RUN must pass the first-run checks
    pmcr_n: int | None = None  # PMCR_EL0.N as written by userspace
    exit_reason: int = KVM_EXIT_UNKNOWN
    report: int = 0  # number of the payload's next report
    faulted: bool = False  # the payload took an exception, and does not continue
    measured: tuple[tuple[str, int], ...] = ()  # values for the payload's reports, by field


class Device(NamedTuple):
    """A device made with KVM_CREATE_DEVICE."""

    vm: str
    type: int


Object = Kvm | Vm | Vcpu | Device


class State(NamedTuple):
    """All objects by name.  An object whose creation failed is absent."""

    objects: Mapping[str, Object] = {"kvm": Kvm()}


class Context:
    """A call as the rows of a table see it, with its own copy of the objects, which they change.

    It also has the call, the host, and the PMUs in KVM's list.  ``vm`` is the VM of the call's
    object, ``vcpu`` the vCPU; they are unset if the object is not in a VM, or not a vCPU.  It does
    not have the revision: only rows depend on that.
    """

    __slots__ = ("args", "call", "host", "objects", "pmus", "vcpu", "vm", "vm_name")

    vcpu: Vcpu
    vm: Vm

    def __init__(self, state: State, call: Call, host: Host, pmus: tuple[Pmu, ...]) -> None:
        self.objects = {**state.objects}
        self.call = call
        self.args = call.args
        self.host = host
        self.pmus = pmus
        found = self.objects[call.on]
        self.vm_name = found.vm if isinstance(found, (Vcpu, Device)) else call.on
        if isinstance(found, Vcpu):
            self.vcpu = found
        if isinstance(owner := self.objects[self.vm_name], Vm):
            self.vm = owner

    @property
    def gic(self) -> Gic | None:
        """The kind of the VM's vGIC; None if it has none."""
        return None if self.vm.irqchip is None else of_device(self.vm.irqchip)

    @property
    def siblings(self) -> dict[str, Vcpu]:
        """All vCPUs of that VM by name, the call's own included."""
        return {
            name: found
            for name, found in self.objects.items()
            if isinstance(found, Vcpu) and found.vm == self.vm_name
        }

    def set_vcpu(self, **changes: Any) -> None:
        """Change fields of the call's vCPU."""
        self.vcpu = self.objects[self.call.on] = self.vcpu._replace(**changes)

    def set_vm(self, **changes: Any) -> None:
        """Change fields of the call's VM."""
        self.vm = self.objects[self.vm_name] = self.vm._replace(**changes)

    def add(self, name: str, made: Object) -> None:
        """Add an object that the call makes."""
        self.objects[name] = made
