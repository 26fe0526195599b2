"""What perf does below KVM: which PMU an event lands on, and where it counts.

KVM emulates a guest's counter with a perf event of the thread that runs the vCPU.
perf does the rest, and that is the whole trouble: a thread's event belongs to one PMU,
and it is scheduled only while the thread is on a CPU of that PMU.
"""

from __future__ import annotations

from ..data.host import Host, Pmu


def first_registered(host: Host) -> Pmu | None:
    """Where an event of type PERF_TYPE_RAW lands: perf asks the PMUs in the order in which
    they registered, and every core PMU takes a raw event of a thread (kernel/events/core.c,
    perf_init_event; drivers/perf/arm_pmu.c, armpmu_event_init).
    """
    return host.pmus[0] if host.pmus else None


def counts(pmu: Pmu | None, cpu: int) -> bool:
    """Whether an event on ``pmu`` counts while its thread is on ``cpu`` (armpmu_filter)."""
    return pmu is not None and cpu in pmu.cpus
