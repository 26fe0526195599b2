"""KVM's list of probed PMUs, and the default PMU that it takes from the list.

Until 5.17 KVM has no list: it makes raw events, and perf chooses the PMU of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ..data.host import IMPDEF, Host, Pmu
from ..data.revision import FIRST, Revision, revision
from ..uapi.constants import KVM_ARM_VCPU_PMU_V3
from . import perf
from .state import Context
from .table import per_revision


class Bar(NamedTuple):
    """A reason to exclude PMUs of a host from the list, from ``since`` to ``until``."""

    out: Callable[[Host], tuple[Pmu, ...]]
    clause: str
    since: Revision = FIRST
    until: Revision | None = None


class Cut(NamedTuple):
    """A limit of each PMU's counters for guests on some hosts, from ``since`` on."""

    applies: Callable[[Host], bool]
    counters: int
    clause: str
    since: Revision


def _unusable(pmuver: int | None) -> bool:
    return pmuver in (0, IMPDEF)


def _own_version(host: Host) -> tuple[Pmu, ...]:
    return tuple(pmu for pmu in host.pmus if _unusable(pmu.pmuver))


def _systems_version(host: Host) -> tuple[Pmu, ...]:
    return host.pmus if _unusable(host.pmuver) else ()


def _systems_version_unless_it_traps(host: Host) -> tuple[Pmu, ...]:
    return () if host.impdef_traps else _systems_version(host)


def _protected(host: Host) -> tuple[Pmu, ...]:
    return host.pmus if host.protected else ()


# drivers/perf/arm_pmu.c calls kvm_host_pmu_init for each core PMU; that function decides.
BARS: tuple[Bar, ...] = (
    Bar(_own_version, "pmu-list.own-version", until=revision("linux-6.5")),
    Bar(
        _protected,
        "pmu-list.protected",
        since=revision("linux-5.18"),
        until=revision("linux-5.18"),
    ),
    Bar(
        _systems_version,
        "pmu-list.one-version",
        since=revision("linux-6.6"),
        until=revision("linux-6.7"),
    ),
    Bar(_systems_version_unless_it_traps, "pmu-list.impdef-traps", since=revision("linux-6.15")),
)
# If the registers trap, not every counter of the PMU counts every event.
CUT = Cut(lambda host: host.impdef_traps, 1, "pmu-list.impdef-traps", revision("linux-6.15"))


@per_revision
def listed(host: Host, wanted: Revision) -> tuple[Pmu, ...]:
    """The PMUs of ``host`` that KVM has in its list, in probe order."""
    bars = [
        bar for bar in BARS if bar.since <= wanted and (bar.until is None or wanted <= bar.until)
    ]
    pmus = [pmu for pmu in host.pmus if not any(pmu in bar.out(host) for bar in bars)]
    if CUT.applies(host) and CUT.since <= wanted:
        pmus = [replace(pmu, counters=CUT.counters) for pmu in pmus]
    return tuple(pmus)


def has_pmus(c: Context) -> bool:
    """KVM offers a PMU at all (KVM_CAP_ARM_PMU_V3)."""
    return bool(c.pmus)


def no_pmus(c: Context) -> bool:
    """KVM does not offer a PMU."""
    return not c.pmus


def lacks_feature(c: Context) -> bool:
    """This vCPU does not have the PMU feature (or is not initialised)."""
    return KVM_ARM_VCPU_PMU_V3 not in c.vcpu.features


def vm_lacks_feature(c: Context) -> bool:
    """No vCPU of the VM has the PMU feature."""
    return KVM_ARM_VCPU_PMU_V3 not in (c.vm.features or ())


def by_type(c: Context) -> Pmu | None:
    """The listed PMU whose perf type id ``addr`` points to."""
    wanted = int.from_bytes(c.args["addr"].memory[:4], "little", signed=True)
    return next((pmu for pmu in c.pmus if pmu.type == wanted), None)


def none_chosen(c: Context) -> bool:
    """The VM has no PMU yet."""
    return c.vm.pmu is None


def no_first(c: Context) -> bool:
    """perf has no PMU to choose, or the one that it chooses is not in the list."""
    return perf.first_registered(c.host) not in c.pmus


def _callers(c: Context) -> Pmu | None:
    return next((pmu for pmu in c.pmus if c.call.cpu in pmu.cpus), None)


def none_covers_caller(c: Context) -> bool:
    """No listed PMU covers the calling CPU."""
    return _callers(c) is None


def take_first(c: Context) -> None:
    """5.18: the default is the PMU that perf chooses for a raw event of this thread."""
    c.set_vm(pmu=perf.first_registered(c.host))


def take_callers(c: Context) -> None:
    """6.4: the default is the first listed PMU that covers the calling CPU."""
    give(c, _callers(c))


def give(c: Context, pmu: Pmu | None) -> None:
    """Set the VM's PMU to ``pmu``, and its number of counters to that PMU's."""
    c.set_vm(pmu=pmu, nr_counters=pmu and pmu.counters)
