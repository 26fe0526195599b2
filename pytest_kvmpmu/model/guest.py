"""What the standard payloads would report, as far as the specs look.

The model interprets no instructions.  It knows of each payload which stores it makes,
in which order, and how what it measures follows from perf, the filter and the registers.
Each measures before its first store; what changes after that it finds when it starts over.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..data.host import Pmu
from ..data.payloads import payload
from ..uapi import constants as k
from ..uapi.errno import Errno
from ..wire.outcome import Exit, Mmio, Outcome
from . import perf
from .register import counters
from .state import Context

# ESR_EL1 of an instruction that is undefined: exception class 0, 32-bit instruction.
_UNDEFINED = 1 << 25
# What a counter that moves reads as; a real one says other numbers, in the same order.
_FIRST, _SECOND = 10_000, 20_000
_STORE_BYTES = 8
_PAIR = 2

CPU_CYCLES, CHAIN = 0x11, 0x1E
ALLOW, DENY = 0, 1


def _chosen(c: Context) -> Pmu | None:
    return c.vcpu.pmu or c.vm.pmu or perf.first_registered(c.host)


def _allowed(c: Context, event: int) -> bool:
    """The first filter sets what holds for all other events; later ones override earlier ones."""
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
    """KVM adds up software increments itself: no perf event, no filter, any CPU."""
    return {"count": 3}


def _chain(c: Context) -> dict[str, int]:
    """So with the overflows of one counter that the next one counts, where there are two."""
    once = int(counters(c) >= _PAIR)
    return {"counters": counters(c), "low": once, "high": once}


def _pmceid(c: Context) -> dict[str, int]:
    return {"chain": int(_allowed(c, CHAIN))}


_PROGRAMS: dict[str, Callable[[Context], dict[str, int]]] = {
    "cycle-counter": _cycle_counter,
    "chain": _chain,
    "pmceid": _pmceid,
    "pmcr": _pmcr,
    "sw-incr": _sw_incr,
}


def lacks_pmu(c: Context) -> bool:
    """The vCPU was initialised without a PMU."""
    return k.KVM_ARM_VCPU_PMU_V3 not in c.vcpu.features


def empty(c: Context) -> bool:
    """There is memory, and no payload in it."""
    return c.vm.memory == ""


def reads_pmceid(c: Context) -> bool:
    """The payload asks which events there are."""
    return c.vm.memory == "pmceid"


def stores_a_pair(c: Context) -> bool:
    """The payload stores with an instruction that gives no syndrome."""
    return c.vm.memory == "no-syndrome"


def faulted(c: Context) -> bool:
    """The payload took its exception, and goes nowhere any more."""
    return c.vcpu.faulted


def told_of_none(c: Context) -> bool:
    """The vCPU has a PMU, and its ID register denies it."""
    return c.vm.pmuver == 0


def lacks_counter(c: Context) -> bool:
    """The payload is to use event counter 0, and there is none."""
    return c.vm.memory == "sw-incr" and c.vcpu.report == 0 and counters(c) == 0


def left_overflowed(c: Context) -> bool:
    """The payload sets counters going and could not clear all overflows that reset left.

    It clears those up to the N that was written, not up to the host's.  Without an irqchip
    such an overflow ends KVM_RUN; what is left of it depends on what "unknown" is at reset.
    """
    pmu = c.host.pmu_of(c.call.cpu)
    raw, most = c.vcpu.pmcr_n, (pmu and pmu.counters) or 0
    sets_going = c.vm.memory in ("cycle-counter", "chain", "sw-incr")
    return sets_going and c.vm.irqchip is None and raw is not None and raw < most


def hang(c: Context) -> Outcome:
    """What interrupting a guest, or a vCPU that sleeps, looks like."""
    c.set_vcpu(exit_reason=k.KVM_EXIT_INTR)
    return Outcome(-1, Errno.EINTR, exit=Exit(k.KVM_EXIT_INTR), timed_out=True)


def fault(c: Context) -> Outcome:
    """The payload's first access to what is not there of a PMU, as it reports it."""
    program = payload(c.vm.memory or "")
    return _exit(c, program.fault, _UNDEFINED, faulted=True)


def blind(c: Context) -> Outcome:
    """The payload's next store, where all registers of the PMU read 0."""
    return _next(c, lambda _: 0)


def run(c: Context) -> Outcome:
    """The payload's next store, as the exit that KVM makes of it."""
    if c.vcpu.report == 0:
        c.set_vcpu(measured=tuple(_PROGRAMS[c.vm.memory or ""](c).items()))
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
