"""A host as data: its CPUs and its CPU PMUs in probe order.

The same two classes describe the model's host, the board that the lab boots and
what was found on a machine with /dev/kvm.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pmu:
    """One CPU PMU, as ``/sys/bus/event_source/devices/NAME`` shows it.

    ``type`` is the perf type id that KVM_ARM_VCPU_PMU_V3_SET_PMU takes, ``cpus`` the
    host CPUs it covers, ``counters`` its number of event counters without the cycle
    counter (None: not known), ``compatible`` the device tree's name for it.
    """

    name: str
    type: int
    cpus: frozenset[int]
    counters: int | None = None
    compatible: str = ""


@dataclass(frozen=True)
class Host:
    """The usable CPUs, and the PMUs in the order in which they were probed.

    ``event_bits`` is the width of event numbers: 10 for PMUv3 of Armv8.0, 16 from Armv8.1
    on, None where it is not known.
    """

    name: str
    cpus: tuple[int, ...]
    pmus: tuple[Pmu, ...]
    description: str = ""
    event_bits: int | None = None

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
