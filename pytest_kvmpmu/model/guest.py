"""The reports of the standard payloads, as far as the specs check them.

The model does not interpret instructions.  For each payload it knows the stores, their
order, and how the values follow from perf, the filter and the registers.  A payload
measures before its first store; it sees later changes when it starts over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..data.host import Pmu
from ..data.payloads import payload
from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Exit, Mmio, Outcome
from . import perf
from .register import counters
from .state import Context

# ESR_EL1 of an undefined instruction: exception class 0, 32-bit instruction.
_UNDEFINED = 1 << 25
# The values read from an advancing counter; a real one gives others, in the same order.
_FIRST, _SECOND = 10_000, 20_000
_STORE_BYTES = 8
_PAIR = 2

CPU_CYCLES, CHAIN = 0x11, 0x1E
ALLOW, DENY = 0, 1


def _chosen(c: Context) -> Pmu | None:
    return c.vcpu.pmu or c.vm.pmu or perf.first_registered(c.host)


def _allowed(c: Context, event: int) -> bool:
    """The first filter sets the default for all other events; later ones override earlier ones."""
    if not c.vm.filters:
        return True
    verdict = c.vm.filters[0][2] == DENY
    for base, count, action in c.vm.filters:
        if base <= event < base + count:
            verdict = action == ALLOW
    return verdict


def _cycle_counter(c: Context) -> dict[str, int]:
    moved = perf.counts(_chosen(c), c.call.cpu) and _allowed(c, CPU_CYCLES)
    return {"first": _FIRST if moved else 0, "second": _SECOND if moved else 0}


def _pmcr(c: Context) -> dict[str, int]:
    return {"n": counters(c)}


def _sw_incr(_: Context) -> dict[str, int]:
    """KVM counts software increments itself: no perf event, no filter, any CPU."""
    return {"count": 3}


def _chain(c: Context) -> dict[str, int]:
    """KVM also counts the overflows of a chained counter itself, if the guest has two."""
    once = int(counters(c) >= _PAIR)
    return {"counters": counters(c), "low": once, "high": once}


def _pmceid(c: Context) -> dict[str, int]:
    return {"chain": int(_allowed(c, CHAIN))}


def _stuck(_: Context) -> dict[str, int]:
    return {"first": 0, "second": 0}


Programs = Mapping[str, Callable[[Context], dict[str, int]]]

_PROGRAMS: Programs = {
    "cycle-counter": _cycle_counter,
    "chain": _chain,
    "pmceid": _pmceid,
    "pmcr": _pmcr,
    "sw-incr": _sw_incr,
}
# KVM counts software increments and their overflows itself.
_WITHOUT_EVENTS: Programs = {**_PROGRAMS, "cycle-counter": _stuck}


def lacks_pmu(c: Context) -> bool:
    """The vCPU was initialised without a PMU, or its VM is protected."""
    return k.KVM_ARM_VCPU_PMU_V3 not in c.vcpu.features or c.vm.protected


def empty(c: Context) -> bool:
    """The VM has memory without a payload."""
    return c.vm.memory == ""


def reads_pmceid(c: Context) -> bool:
    """The payload reads the list of supported events."""
    return c.vm.memory == "pmceid"


def stores_a_pair(c: Context) -> bool:
    """The payload stores with an instruction that gives no syndrome."""
    return c.vm.memory == "no-syndrome"


def faulted(c: Context) -> bool:
    """The payload took an exception, and does not continue."""
    return c.vcpu.faulted


def denies_pmu(c: Context) -> bool:
    """The vCPU has a PMU, but its ID register says that it has none."""
    return c.vm.pmuver == 0


def lacks_counter(c: Context) -> bool:
    """The payload needs event counter 0, which the vCPU lacks."""
    return c.vm.memory == "sw-incr" and c.vcpu.report == 0 and counters(c) == 0


def left_overflowed(c: Context) -> bool:
    """The payload starts counters but could not clear all overflow bits set at reset.

    It clears those up to the N that was written, not up to the host's.  Without an irqchip
    such an overflow ends KVM_RUN; which bits remain depends on the "unknown" reset values.
    """
    pmu = c.host.pmu_of(c.call.cpu)
    raw, most = c.vcpu.pmcr_n, (pmu and pmu.counters) or 0
    sets_going = c.vm.memory in ("cycle-counter", "chain", "sw-incr")
    return sets_going and c.vm.irqchip is None and raw is not None and raw < most


def hang(c: Context) -> Outcome:
    """The Outcome of interrupting a guest, or a vCPU that sleeps."""
    c.set_vcpu(exit_reason=k.KVM_EXIT_INTR)
    return Outcome(-1, Errno.EINTR, exit=Exit(k.KVM_EXIT_INTR), timed_out=True)


def fault(c: Context) -> Outcome:
    """The payload's report of its first access to a missing PMU register or counter."""
    program = payload(c.vm.memory or "")
    return _exit(c, program.fault, _UNDEFINED, faulted=True)


def blind(c: Context) -> Outcome:
    """The payload's next store, if all PMU registers read 0."""
    return _next(c, lambda _: 0)


def run(c: Context) -> Outcome:
    """The exit for the payload's next store."""
    return _run(c, _PROGRAMS)


def run_without_events(c: Context) -> Outcome:
    """As `run`, if no perf event of the guest is enabled."""
    return _run(c, _WITHOUT_EVENTS)


def _run(c: Context, programs: Programs) -> Outcome:
    if c.vcpu.report == 0:
        c.set_vcpu(measured=tuple(programs[c.vm.memory or ""](c).items()))
    return _next(c, dict(c.vcpu.measured).__getitem__)


def _next(c: Context, read: Callable[[str], int]) -> Outcome:
    program = payload(c.vm.memory or "")
    stores = [(address, field) for field, address in program.fields.items()]
    if c.vcpu.report == len(stores):
        return _exit(c, program.done, 0, report=0)
    address, field = stores[c.vcpu.report]
    return _exit(c, address, read(field), report=c.vcpu.report + 1)


def _exit(c: Context, address: int, value: int, **changes: Any) -> Outcome:
    exit = Exit(k.KVM_EXIT_MMIO, mmio=Mmio(address, _STORE_BYTES, True, value))
    c.set_vcpu(exit_reason=exit.reason, **changes)
    return Outcome(0, exit=exit)
