"""A host as data: its CPUs and its CPU PMUs in probe order.

The same two classes describe the model's host, the board that the lab boots and
what was found on a machine with /dev/kvm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from . import gic


@dataclass(frozen=True)
class Pmu:
    """One CPU PMU, as ``/sys/bus/event_source/devices/NAME`` shows it.

    ``type`` is the perf type id that KVM_ARM_VCPU_PMU_V3_SET_PMU takes, ``cpus`` the
    usable host CPUs that it covers, ``offline`` those that it covers and that can't be used
    (sysfs lists both), ``counters`` its number of event counters without the cycle
    counter (None: not known), ``compatible`` the device tree's name for it (empty: not known),
    ``pmuver`` its version as ID_AA64DFR0_EL1 gives it (1 for Armv8.0, 4 for 8.1 and so on, 0 for
    no PMUv3, 15 for one of the implementation's own; None: not known), ``core`` the core that it
    is a part of, as the device tree's ``arm,NAME`` (``cortex-a53``; empty: not known).
    """

    name: str
    type: int
    cpus: frozenset[int]
    counters: int | None = None
    compatible: str = ""
    pmuver: int | None = None
    offline: frozenset[int] = frozenset()
    core: str = ""

    @property
    def covers(self) -> frozenset[int]:
        """All its CPUs, as sysfs lists them."""
        return self.cpus | self.offline


# The name of a host that was taken as it is.
UNNAMED = "this host"
# Of a host that names none: the lab's hosts have 44, their CPUs' physical addresses.
IPA_BITS = 44
# The size of a VM of type 0.
USUAL_IPA_BITS = 40
# PMUVer of Armv8.0, as the lab's emulated cores are; the first of Armv8.1 and 8.4; no PMUv3 but
# something of the implementation's own.
PMUV3, PMUV3_8_1, PMUV3P4, IMPDEF = 1, 4, 5, 15


def event_bits(pmuver: int) -> int:
    """The width of event numbers of a PMU of that version, in bits."""
    return 16 if PMUV3_8_1 <= pmuver < IMPDEF else 10


@dataclass(frozen=True)
class Host:
    """The usable CPUs, and the PMUs in the order in which they were probed.

    ``uncovered_pmuver`` is the PMU version of CPUs that no PMU covers; ``protected``: KVM
    runs in protected mode (pKVM); ``impdef_traps``: accesses to the registers of PMUv3 trap
    although the cores' PMU is an IMPDEF one (Apple); ``nested``: guests may have an EL2; ``gics``
    are the versions of the vGICs that KVM makes, the one to use first; ``ipa_bits`` is
    KVM_CAP_ARM_VM_IPA_SIZE, the largest guest physical address space in bits.

    ``offline`` are the CPUs that exist but can't be used: they are offline, or this process may
    not run on them.  ``maxcpus`` is the number of CPUs that the kernel brings up at boot (None:
    all of them).  ``hyp_vms``: the hypervisor at EL2 has its own copy of each VM and
    vCPU (protected mode from 6.2 on).
    """

    name: str
    cpus: tuple[int, ...]
    pmus: tuple[Pmu, ...]
    description: str = ""
    uncovered_pmuver: int | None = None
    protected: bool = False
    impdef_traps: bool = False
    nested: bool = False
    gics: tuple[int, ...] = (gic.DEFAULT,)
    ipa_bits: int = IPA_BITS
    offline: frozenset[int] = frozenset()
    maxcpus: int | None = None
    hyp_vms: bool = False

    @property
    def present(self) -> frozenset[int]:
        """All CPUs of the host, usable or not."""
        return self.offline.union(self.cpus)

    @property
    def usable_pmus(self) -> tuple[Pmu, ...]:
        """The PMUs that have a usable CPU."""
        return tuple(pmu for pmu in self.pmus if pmu.cpus)

    def booted(self) -> Host:
        """This host after its boot: a PMU all of whose CPUs were offline then is not registered.

        So drivers/perf/arm_pmu_platform.c: the probe runs on one of the PMU's CPUs.  The PMU does
        not appear when its CPUs come up later either.
        """
        if self.maxcpus is None:
            return self
        up = range(self.maxcpus)
        return replace(self, pmus=tuple(pmu for pmu in self.pmus if not pmu.covers.isdisjoint(up)))

    @property
    def pmuver(self) -> int | None:
        """The PMU version of the system: 0 unless all CPUs have the same.

        So arch/arm64/kernel/cpufeature.c: PMUVer is FTR_EXACT.  None where a CPU's is not known.
        """
        versions = {pmu.pmuver for pmu in self.pmus}
        if any(self.pmu_of(cpu) is None for cpu in self.cpus):
            versions.add(self.uncovered_pmuver)
        if None in versions:
            return None
        return versions.pop() if len(versions) == 1 else 0

    @property
    def event_bits(self) -> frozenset[int | None]:
        """The widths of the PMUs' event numbers, in bits; None for one that is not known."""
        versions = {pmu.pmuver for pmu in self.pmus}
        return frozenset(None if v is None else event_bits(v) for v in versions)

    def pmu_of(self, cpu: int) -> Pmu | None:
        """The PMU that covers ``cpu``, or None."""
        return next((pmu for pmu in self.pmus if cpu in pmu.cpus), None)


def format_cpus(cpus: frozenset[int] | tuple[int, ...]) -> str:
    """CPU numbers as the kernel's list format: ``0-3,5``."""
    runs: list[list[int]] = []
    for cpu in sorted(cpus):
        if runs and cpu == runs[-1][1] + 1:
            runs[-1][1] = cpu
        else:
            runs.append([cpu, cpu])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)


def parse_cpus(text: str) -> frozenset[int]:
    """The kernel's CPU list format (``0-3,5``) as a set.  ValueError where it isn't one."""
    cpus: set[int] = set()
    for part in text.strip().split(",") if text.strip() else []:
        first, dash, last = part.partition("-")
        low = int(first)
        high = int(last) if dash else low
        if low < 0 or high < low:
            raise ValueError(f"{part!r} is not a CPU range")
        cpus.update(range(low, high + 1))
    return frozenset(cpus)
