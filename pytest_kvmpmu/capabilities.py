"""What a spec may require of a host (``kvmpmu_requires``): capabilities, not backends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .errors import unknown
from .host import Host, format_cpus


@dataclass(frozen=True)
class Capability:
    """``missing`` says what a host lacks, or returns the empty string."""

    name: str
    what: str
    missing: Callable[[Host], str]


def _pmu(host: Host) -> str:
    return "" if host.pmus else "the host has no PMU"


def _two_pmus(host: Host) -> str:
    return "" if len(host.pmus) > 1 else f"the host has {len(host.pmus)} PMU(s)"


def _two_cpus(host: Host) -> str:
    short = [pmu for pmu in host.pmus if len(pmu.cpus & set(host.cpus)) < 2]
    return "" if not short else f"{short[0].name} covers only {format_cpus(short[0].cpus)}"


CAPABILITIES = {
    capability.name: capability
    for capability in (
        Capability("pmu", "at least one core PMU", _pmu),
        Capability("two-pmus", "core PMUs of two kinds", _two_pmus),
        Capability("two-cpus-per-pmu", "each PMU covers two usable CPUs or more", _two_cpus),
    )
}


def capability(name: str) -> Capability:
    """The capability of that name.  `UsageProblem` names the known ones."""
    if name not in CAPABILITIES:
        raise unknown("capability", name, CAPABILITIES)
    return CAPABILITIES[name]
