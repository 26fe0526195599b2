"""The capabilities of a host that a spec may require (``kvmpmu_requires``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ..errors import unknown
from .host import IMPDEF, PMUV3P4, Host, Pmu


class Capability(NamedTuple):
    """``missing`` returns what a host lacks, or the empty string.

    The host is as KVM sees it, with the PMUs that it offers to guests; with ``of_hardware`` it
    is the real machine.
    """

    name: str
    what: str
    missing: Callable[[Host], str]
    of_hardware: bool = False


def _pmu(host: Host) -> str:
    if not host.pmus:
        return "the host has no PMU"
    return "" if host.usable_pmus else "no PMU of the host has a usable CPU"


def _two_pmus(host: Host) -> str:
    found = len(host.usable_pmus)
    if found > 1:
        return ""
    some = " with a usable CPU" if len(host.pmus) > found else ""
    return f"the host has {found} PMU(s){some}"


def _first_pmu(host: Host) -> str:
    if not host.pmus:
        return "the host has no PMU"
    return "" if host.pmus[0].cpus else "no CPU of the host's first PMU can be used"


def _offline_pmu(host: Host) -> str:
    offline = len(host.usable_pmus) < len(host.pmus)
    return "" if offline else "every PMU of the host has a usable CPU"


def _no_pmu(host: Host) -> str:
    return "the host has a PMU" if host.pmus else ""


def _uncovered(host: Host) -> str:
    covered = all(host.pmu_of(cpu) for cpu in host.cpus)
    return "every CPU of the host has a PMU" if covered else ""


def _one_version(host: Host) -> str:
    if host.pmuver is None:
        return "it is not known whether the host's CPUs have the same version of PMUv3"
    return "" if host.pmuver else "the host's CPUs do not all have the same version of PMUv3"


def _nested(host: Host) -> str:
    return "" if host.nested else "the host has no nested virtualisation"


def _event_bits(wanted: int) -> Callable[[Host], str]:
    def missing(host: Host) -> str:
        found = host.event_bits
        if found == {wanted}:
            return ""
        if len(found) > 1:
            return "the host's event numbers have different widths"
        if found <= {None}:
            return "it is not known how many bits the host's event numbers have"
        return f"the host's event numbers have {min(filter(None, found))} bits"

    return missing


def _other_kind(pmu: Pmu) -> bool:
    return pmu.pmuver in (0, IMPDEF)


def _unusable(host: Host) -> str:
    later = any(map(_other_kind, host.pmus[1:])) and not _other_kind(host.pmus[0])
    return "" if later else "no PMU of the host after the first is known not to be a PMUv3"


def _mixed_versions(host: Host) -> str:
    mixed = len({pmu.pmuver for pmu in host.pmus}) > 1 and host.pmuver == 0
    return "" if mixed else "the host's PMUs are not known to be of different versions"


def _impdef_traps(host: Host) -> str:
    return "" if host.impdef_traps else "PMUv3's registers do not trap on the host"


def _counting(host: Host) -> str:
    return "in protected mode no counter of a guest counts (since 6.2)" if host.hyp_vms else ""


def _ipa_size(host: Host) -> str:
    return "in protected mode KVM ignores the IPA size of a VM (since 6.2)" if host.hyp_vms else ""


def _no_slots(host: Host) -> str:
    known = all(pmu.pmuver is not None and pmu.pmuver < PMUV3P4 for pmu in host.pmus)
    return "" if known else "the host's PMUs are not known to be without FEAT_PMUv3p4"


def _vgic(host: Host) -> str:
    return "" if host.gics else "the host has no vGIC"


def _no_vgic(host: Host) -> str:
    return "the host has a vGIC" if host.gics else ""


def _gic(version: int) -> Callable[[Host], str]:
    def missing(host: Host) -> str:
        return "" if version in host.gics else _vgic(host) or f"the host has no GICv{version}"

    return missing


def _no_gic(version: int) -> Callable[[Host], str]:
    return lambda host: f"the host has a GICv{version}" if version in host.gics else ""


def _protected(host: Host) -> str:
    return "" if host.protected else "the host is not in protected mode"


CAPABILITIES = {
    capability.name: capability
    for capability in (
        Capability("pmu", "at least one core PMU", _pmu),
        Capability("two-pmus", "core PMUs of two kinds", _two_pmus),
        Capability("no-pmu", "no core PMU", _no_pmu),
        Capability("first-pmu", "a usable CPU of the first core PMU", _first_pmu),
        Capability("offline-pmu", "a core PMU none of whose CPUs can be used", _offline_pmu),
        Capability("uncovered-cpu", "a CPU that no PMU covers", _uncovered),
        Capability("one-pmu-version", "the same version of PMUv3 on all CPUs", _one_version),
        Capability("vgic", "a vGIC of any kind", _vgic),
        Capability("gicv2", "a GICv2 for guests", _gic(2)),
        Capability("gicv3", "a GICv3 for guests", _gic(3)),
        Capability("gicv5", "a GICv5 for guests", _gic(5)),
        Capability("no-vgic", "no vGIC", _no_vgic),
        Capability("no-gicv2", "no GICv2 for guests", _no_gic(2)),
        Capability("no-gicv3", "no GICv3 for guests", _no_gic(3)),
        Capability("no-slots", "core PMUs without FEAT_PMUv3p4", _no_slots),
        Capability("counting", "guests whose counters count", _counting),
        Capability("ipa-size", "VMs of the IPA size that userspace asks for", _ipa_size),
        Capability("nested", "nested virtualisation: guests with an EL2", _nested),
        Capability("unusable-pmu", "a core PMU after the first, not PMUv3", _unusable, True),
        Capability("mixed-pmu-versions", "core PMUs of two versions", _mixed_versions, True),
        Capability("impdef-traps", "IMPDEF PMUs for which KVM emulates PMUv3", _impdef_traps, True),
        Capability("protected", "KVM in protected mode", _protected, True),
        Capability("ten-bit-events", "event numbers of 10 bits (Armv8.0)", _event_bits(10)),
        Capability("sixteen-bit-events", "event numbers of 16 bits (Armv8.1)", _event_bits(16)),
    )
}


def capability(name: str) -> Capability:
    """The capability of that name.  Raises `UsageProblem` for an unknown name."""
    if name not in CAPABILITIES:
        raise unknown("capability", name, CAPABILITIES)
    return CAPABILITIES[name]
