"""The capabilities that a spec may require of a host."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.data.capabilities import CAPABILITIES, capability
from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.errors import UsageProblem

NO_VERSION = "the host's CPUs do not all have the same version of PMUv3"
NO_OTHER = "no PMU of the host after the first is known not to be a PMUv3"
NOT_MIXED = "the host's PMUs are not known to be of different versions"
SLOTS = "the host's PMUs are not known to be without FEAT_PMUv3p4"
LITTLE, BIG = Pmu("little", 8, frozenset({0})), Pmu("big", 9, frozenset({1}))

OFF = Pmu("off", 10, frozenset(), offline=frozenset({1}))


def host(*pmus: Pmu) -> Host:
    return Host("h", (0, 1), pmus)


def versions(little: int, big: int) -> Host:
    return host(replace(LITTLE, pmuver=little), replace(BIG, pmuver=big))


@pytest.mark.parametrize(
    ("name", "found", "lack"),
    [
        ("pmu", host(), "the host has no PMU"),
        ("pmu", host(LITTLE), ""),
        ("two-pmus", host(), "the host has 0 PMU(s)"),
        ("two-pmus", host(LITTLE), "the host has 1 PMU(s)"),
        ("two-pmus", host(LITTLE, BIG), ""),
        ("pmu", host(OFF), "no PMU of the host has a usable CPU"),
        ("two-pmus", host(LITTLE, OFF), "the host has 1 PMU(s) with a usable CPU"),
        ("offline-pmu", host(LITTLE, OFF), ""),
        ("offline-pmu", host(LITTLE), "every PMU of the host has a usable CPU"),
        ("no-pmu", host(LITTLE), "the host has a PMU"),
        ("no-pmu", host(), ""),
        ("uncovered-cpu", host(LITTLE, BIG), "every CPU of the host has a PMU"),
        ("uncovered-cpu", host(LITTLE), ""),
        ("ten-bit-events", host(), "it is not known how many bits the host's event numbers have"),
        ("ten-bit-events", versions(4, 5), "the host's event numbers have 16 bits"),
        ("ten-bit-events", versions(1, 1), ""),
        ("ten-bit-events", versions(1, 4), "the host's event numbers have different widths"),
        ("sixteen-bit-events", versions(1, 1), "the host's event numbers have 10 bits"),
        ("sixteen-bit-events", versions(4, 7), ""),
        ("one-pmu-version", versions(4, 4), ""),
        ("one-pmu-version", versions(1, 4), NO_VERSION),
        ("one-pmu-version", versions(0, 0), NO_VERSION),
        (
            "one-pmu-version",
            host(LITTLE, BIG),
            "it is not known whether the host's CPUs have the same version of PMUv3",
        ),
        ("vgic", host(), ""),
        ("vgic", replace(host(), gics=()), "the host has no vGIC"),
        ("no-vgic", host(), "the host has a vGIC"),
        ("no-vgic", replace(host(), gics=()), ""),
        ("gicv2", host(), "the host has no GICv2"),
        ("gicv2", replace(host(), gics=()), "the host has no vGIC"),
        ("gicv2", replace(host(), gics=(3, 2)), ""),
        ("gicv3", host(), ""),
        ("gicv3", replace(host(), gics=(2,)), "the host has no GICv3"),
        ("no-gicv2", host(), ""),
        ("no-gicv2", replace(host(), gics=(3, 2)), "the host has a GICv2"),
        ("no-gicv3", host(), "the host has a GICv3"),
        ("no-gicv3", replace(host(), gics=()), ""),
        ("first-pmu", host(LITTLE), ""),
        ("first-pmu", host(), "the host has no PMU"),
        ("first-pmu", host(OFF, LITTLE), "no CPU of the host's first PMU can be used"),
        ("counting", host(), ""),
        (
            "counting",
            replace(host(), hyp_vms=True),
            "in protected mode no counter of a guest counts (since 6.2)",
        ),
        ("ipa-size", host(), ""),
        (
            "ipa-size",
            replace(host(), hyp_vms=True),
            "in protected mode KVM ignores the IPA size of a VM (since 6.2)",
        ),
        ("no-slots", versions(1, 4), ""),
        ("no-slots", versions(1, 5), SLOTS),
        ("no-slots", host(LITTLE), SLOTS),
        ("gicv5", host(), "the host has no GICv5"),
        ("gicv5", replace(host(), gics=(3, 5)), ""),
        ("nested", host(), "the host has no nested virtualisation"),
        ("nested", replace(host(), nested=True), ""),
        ("unusable-pmu", versions(1, 15), ""),
        ("unusable-pmu", versions(1, 0), ""),
        ("unusable-pmu", versions(0, 0), NO_OTHER),
        ("unusable-pmu", versions(1, 1), NO_OTHER),
        ("unusable-pmu", host(), NO_OTHER),
        ("mixed-pmu-versions", versions(1, 4), ""),
        ("mixed-pmu-versions", versions(0, 0), NOT_MIXED),
        ("mixed-pmu-versions", host(LITTLE, BIG), NOT_MIXED),
        ("impdef-traps", host(), "PMUv3's registers do not trap on the host"),
        ("impdef-traps", replace(host(), impdef_traps=True), ""),
        ("protected", host(), "the host is not in protected mode"),
        ("protected", replace(host(), protected=True), ""),
    ],
)
def test_a_capability_says_what_a_host_lacks(name: str, found: Host, lack: str) -> None:
    assert capability(name).missing(found) == lack


@pytest.mark.parametrize("name", sorted(CAPABILITIES))
def test_a_capability_says_what_it_is(name: str) -> None:
    assert capability(name).name == name
    assert capability(name).what


def test_an_unknown_capability_gets_the_nearest() -> None:
    with pytest.raises(UsageProblem, match=r"Did you mean 'two-pmus'\?"):
        capability("two-pmu")
