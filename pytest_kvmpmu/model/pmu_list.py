"""The list of probed PMUs, and the default PMU that KVM takes from it.

Until 5.17 there is no list: KVM makes raw events and perf chooses at each of them.
"""

from __future__ import annotations

from ..host import Pmu
from ..uapi.constants import KVM_ARM_VCPU_PMU_V3
from .perf import first_registered
from .state import Context


def has_pmus(c: Context) -> bool:
    """KVM offers a PMU at all (KVM_CAP_ARM_PMU_V3)."""
    return bool(c.host.pmus)


def lacks_feature(c: Context) -> bool:
    """This vCPU was not given the PMU feature (or was not initialised)."""
    return KVM_ARM_VCPU_PMU_V3 not in c.vcpu.features


def vm_lacks_feature(c: Context) -> bool:
    """No vCPU of the VM was given the PMU feature."""
    return KVM_ARM_VCPU_PMU_V3 not in (c.vm.features or ())


def by_type(c: Context) -> Pmu | None:
    """The listed PMU whose perf type id ``addr`` points to."""
    wanted = int.from_bytes(c.arg("addr").memory[:4], "little", signed=True)
    return next((pmu for pmu in c.host.pmus if pmu.type == wanted), None)


def none_chosen(c: Context) -> bool:
    """The VM has no PMU yet."""
    return c.vm.pmu is None


def no_first(c: Context) -> bool:
    """There is nothing for perf to choose from."""
    return first_registered(c.host) is None


def none_covers_caller(c: Context) -> bool:
    """No listed PMU covers the CPU from which the call is issued."""
    return c.host.pmu_of(c.call.cpu) is None


def take_first(c: Context) -> Context:
    """5.18: the default is what perf chooses for a raw event of this thread."""
    return c.with_vm(pmu=first_registered(c.host))


def take_callers(c: Context) -> Context:
    """6.4: the default is the first listed PMU that covers the calling CPU."""
    return give(c, c.host.pmu_of(c.call.cpu))


def give(c: Context, pmu: Pmu | None) -> Context:
    """The VM's PMU is ``pmu``, and its number of counters that PMU's."""
    return c.with_vm(pmu=pmu, nr_counters=pmu and pmu.counters)
