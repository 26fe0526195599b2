"""vcpu.rst 1.3, KVM_ARM_VCPU_PMU_V3_FILTER: which events a guest may count."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Pmu
from pytest_kvmpmu.kvm import Vcpu, Vm
from pytest_kvmpmu.kvm.expect import let_run, refused
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

FILTER = k.KVM_ARM_VCPU_PMU_V3_FILTER
ALLOW, DENY = 0, 1
CYCLES, OTHER, CHAIN = 0x11, 0x12, 0x1E
EVENTS = 1024
PAIR = 2

pytestmark = pytest.mark.kvmpmu_requires("pmu")
Range = tuple[int, int, int]
needs_vgic = pytest.mark.kvmpmu_requires("vgic")
needs_counting = pytest.mark.kvmpmu_requires("counting")
needs_first_pmu = pytest.mark.kvmpmu_requires("first-pmu")


@pytest.fixture
def covered(vm: Vm, pmus: tuple[Pmu, ...]) -> Vcpu:
    """vCPU 0 with a PMU, on a CPU that every kernel's default PMU covers: the first PMU's."""
    vcpu = vm.on(min(pmus[0].cpus)).create_vcpu(0)
    vcpu.init_with_pmu()
    return vcpu


def run_behind(vm: Vm, vcpu: Vcpu, filters: tuple[Range, ...], payload: str) -> dict[str, int]:
    """The payload's report with ``filters`` set."""
    for each in filters:
        vcpu.set_filter(*each)
    vm.connect(vcpu)
    vcpu.init_pmu()
    vm.load(payload)
    return vcpu.run_payload(payload)


def counts(vcpu: Vcpu, vm: Vm, filters: tuple[Range, ...]) -> bool:
    """Whether a guest's cycle counter advances with ``filters`` set."""
    reads = run_behind(vm, vcpu, filters, "cycle-counter")
    assert reads["first"] <= reads["second"]
    return reads["first"] < reads["second"]


@pytest.mark.kvmpmu_clause("filter.efault")
@pytest.mark.parametrize("addr", [FAULT, NULL], ids=["unmapped", "null"])
def test_an_unreadable_filter_is_efault(vcpu: Vcpu, addr: Addr) -> None:
    with refused(Errno.EFAULT):
        vcpu.set_pmu_attr(FILTER, addr)


@pytest.mark.kvmpmu_clause("filter.einval.range")
@pytest.mark.parametrize("bad", [(0, 0, 2), (0, 1, 255), (65535, 2, DENY), (65535, 65535, ALLOW)])
def test_an_unknown_action_or_a_range_beyond_16_bits_is_einval(vcpu: Vcpu, bad: Range) -> None:
    with refused(Errno.EINVAL):
        vcpu.set_filter(*bad)


@pytest.mark.kvmpmu_requires("ten-bit-events")
@pytest.mark.kvmpmu_clause("filter.einval.range")
@pytest.mark.parametrize(
    "bad", [(1, EVENTS, DENY), (EVENTS, 1, DENY), (EVENTS + 1, 0, DENY), (0, EVENTS + 1, ALLOW)]
)
def test_a_range_beyond_the_event_space_is_einval(vcpu: Vcpu, bad: Range) -> None:
    with refused(Errno.EINVAL):
        vcpu.set_filter(*bad)


@pytest.mark.kvmpmu_requires("sixteen-bit-events")
@pytest.mark.kvmpmu_clause("filter.einval.range", "filter.vm-wide")
@pytest.mark.parametrize("good", [(EVENTS, 1, DENY), (65535, 1, DENY), (1, 65535, ALLOW)])
def test_from_armv8_1_on_a_range_may_have_16_bits(vcpu: Vcpu, good: Range) -> None:
    vcpu.set_filter(*good)


@pytest.mark.kvmpmu_clause("filter.vm-wide")
@pytest.mark.parametrize(
    "good", [(0, EVENTS, DENY), (EVENTS - 1, 1, ALLOW), (EVENTS, 0, DENY), (0, 0, ALLOW)]
)
def test_a_range_up_to_the_last_event_is_taken_and_so_is_an_empty_one(
    vcpu: Vcpu, good: Range
) -> None:
    vcpu.set_filter(*good)
    vcpu.set_filter(*good)


@pytest.mark.kvmpmu_clause("filter.ebusy.vcpu-ran")
def test_after_a_run_of_any_vcpu_filter_is_ebusy(pair: tuple[Vcpu, Vcpu]) -> None:
    ran, other = pair
    let_run(ran)
    with refused(Errno.EBUSY):
        other.set_filter(0, 0, DENY)


@pytest.mark.kvmpmu_clause("filter.ebusy.vcpu-ran", "filter.efault")
def test_efault_wins_over_ebusy_after_a_run(pair: tuple[Vcpu, Vcpu]) -> None:
    ran, other = pair
    let_run(ran)
    with refused(Errno.EFAULT):
        other.set_pmu_attr(FILTER, FAULT)


@pytest.mark.kvmpmu_clause("filter.ebusy.vcpu-ran", "filter.einval.range")
def test_einval_wins_over_ebusy_after_a_run(pair: tuple[Vcpu, Vcpu]) -> None:
    ran, other = pair
    let_run(ran)
    with refused(Errno.EINVAL):
        other.set_filter(0, 0, 2)


@pytest.mark.kvmpmu_clause("filter.ran-before")
def test_a_filter_is_taken_after_a_run(pair: tuple[Vcpu, Vcpu]) -> None:
    ran, other = pair
    let_run(ran)
    other.set_filter(0, 0, DENY)


@needs_vgic
@pytest.mark.kvmpmu_clause("filter.no-gic")
def test_filter_needs_no_initialised_gic(vm: Vm, vcpu: Vcpu) -> None:
    vcpu.set_filter(0, 0, DENY)
    vm.create_bare_gic()
    vcpu.set_filter(0, 0, DENY)


@needs_first_pmu
@needs_counting
@pytest.mark.kvmpmu_clause("filter.cycles", "filter.policy")
@pytest.mark.parametrize(
    ("filters", "moves"),
    [
        (((CYCLES, 1, ALLOW),), True),
        (((CYCLES, 1, DENY),), False),
        (((OTHER, 1, ALLOW),), False),
        (((OTHER, 1, DENY),), True),
        (((0, EVENTS, ALLOW),), True),
        (((0, EVENTS, DENY),), False),
        (((0, 0, ALLOW),), False),
        (((0, 0, DENY),), True),
    ],
)
def test_the_first_range_decides_about_the_cycle_counter(
    vm: Vm, covered: Vcpu, filters: tuple[Range, ...], moves: bool
) -> None:
    assert counts(covered, vm, filters) is moves


@needs_first_pmu
@needs_counting
@pytest.mark.kvmpmu_clause("filter.cycles", "filter.cancel")
@pytest.mark.parametrize(
    ("filters", "moves"),
    [
        (((CYCLES, 1, ALLOW), (CYCLES, 1, DENY)), False),
        (((CYCLES, 1, DENY), (CYCLES, 1, ALLOW)), True),
        (((OTHER, 1, ALLOW), (OTHER, 1, DENY)), False),
        (((OTHER, 1, DENY), (OTHER, 1, ALLOW)), True),
        (((OTHER, 1, ALLOW), (CYCLES, 1, ALLOW)), True),
        (((OTHER, 1, DENY), (CYCLES, 1, DENY)), False),
    ],
)
def test_a_later_range_overrides_and_leaves_the_policy(
    vm: Vm, covered: Vcpu, filters: tuple[Range, ...], moves: bool
) -> None:
    assert counts(covered, vm, filters) is moves


@needs_counting
@pytest.mark.kvmpmu_clause("filter.vm-wide", "filter.cycles", "group.vm-scope")
def test_a_filter_set_through_one_vcpu_is_the_others_too(
    vm_with_two_vcpus: tuple[Vcpu, Vcpu],
) -> None:
    first, second = vm_with_two_vcpus
    first.set_filter(CYCLES, 1, DENY)
    second.init_pmu()
    assert second.run_payload("cycle-counter") == {"first": 0, "second": 0}


@pytest.mark.kvmpmu_clause("filter.sw-incr")
@pytest.mark.parametrize("filters", [(), ((0, 1, DENY),), ((0, EVENTS, DENY),)])
def test_software_increments_are_counted_whatever_the_filter(
    vm: Vm, covered: Vcpu, filters: tuple[Range, ...]
) -> None:
    assert run_behind(vm, covered, filters, "sw-incr") == {"count": 3}


@pytest.mark.kvmpmu_clause("filter.chain", "filter.sw-incr")
@pytest.mark.parametrize(
    "filters", [(), ((CHAIN, 1, DENY),), ((CHAIN, 1, ALLOW),), ((0, EVENTS, DENY),)]
)
def test_a_chain_of_counters_counts_whatever_the_filter(
    vm: Vm, covered: Vcpu, filters: tuple[Range, ...]
) -> None:
    seen = run_behind(vm, covered, filters, "chain")
    if seen["counters"] < PAIR:
        pytest.skip("the guest has too few event counters to chain two of them")
    # From PMUv3p5 on event counters have 64 bits; the low half still overflows.
    assert (seen["low"] % 2**32, seen["high"]) == (1, 1)


@pytest.mark.kvmpmu_clause("filter.chain-listed")
@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        ((), True),
        (((CHAIN, 1, DENY),), False),
        (((CHAIN, 1, ALLOW),), True),
        (((OTHER, 1, DENY),), True),
        (((OTHER, 1, ALLOW),), False),
    ],
)
def test_a_guest_finds_chain_among_its_events_unless_a_filter_denies_it(
    vm: Vm, covered: Vcpu, filters: tuple[Range, ...], listed: bool
) -> None:
    assert run_behind(vm, covered, filters, "pmceid") == {"chain": int(listed)}
