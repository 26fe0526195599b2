"""perf below KVM: which PMU gets an event, and where the event counts.

KVM emulates a guest's counter with a perf event of the thread that runs the vCPU.
perf does the rest: a thread's event belongs to one PMU, and it is scheduled only while
the thread is on a CPU of that PMU.
"""

from __future__ import annotations

from ..data.host import Host, Pmu
from ..data.revision import Revision, revision
from .state import Context

# In protected mode the hypervisor at EL2 has a vCPU of its own, without the list of events to
# enable for the guest, since be66e67f1750.
HYP_VMS_SINCE = "linux-6.2"


def without_events(c: Context) -> bool:
    """The host is in protected mode."""
    return c.host.protected


def has_hyp_vms(host: Host, wanted: Revision) -> bool:
    """Whether the hypervisor at EL2 has its own copy of each VM and vCPU (`Host.hyp_vms`)."""
    return host.protected and wanted >= revision(HYP_VMS_SINCE)


def first_registered(host: Host) -> Pmu | None:
    """The PMU of an event of type PERF_TYPE_RAW: perf asks the PMUs in the order in which they
    registered, and every core PMU accepts a thread's raw event (kernel/events/core.c,
    perf_init_event; drivers/perf/arm_pmu.c, armpmu_event_init).
    """
    return host.pmus[0] if host.pmus else None


def counts(pmu: Pmu | None, cpu: int) -> bool:
    """Whether an event on ``pmu`` counts while its thread is on ``cpu`` (armpmu_filter)."""
    return pmu is not None and cpu in pmu.cpus
