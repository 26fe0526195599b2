"""perf below KVM: which PMU gets an event, and where the event counts.

KVM emulates a guest's counter with a perf event of the thread that runs the vCPU.
perf does the rest: a thread's event belongs to one PMU, and it is scheduled only while
the thread is on a CPU of that PMU.
"""

from __future__ import annotations

from ..data.host import Host, Pmu


def first_registered(host: Host) -> Pmu | None:
    """The PMU of an event of type PERF_TYPE_RAW: perf asks the PMUs in the order in which they
    registered, and every core PMU accepts a thread's raw event (kernel/events/core.c,
    perf_init_event; drivers/perf/arm_pmu.c, armpmu_event_init).
    """
    return host.pmus[0] if host.pmus else None


def counts(pmu: Pmu | None, cpu: int) -> bool:
    """Whether an event on ``pmu`` counts while its thread is on ``cpu`` (armpmu_filter)."""
    return pmu is not None and cpu in pmu.cpus
