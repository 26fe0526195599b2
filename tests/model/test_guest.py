"""The payloads' reports in the model (contract 2.10, filters; 2.12, counters)."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.payloads import payload, payloads
from pytest_kvmpmu.data.revision import Revision, revision
from pytest_kvmpmu.model import NotModelled
from pytest_kvmpmu.uapi.constants import PMCR_EL0
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import Addr

from .machine import (
    AT_INIT,
    FILTER,
    INIT,
    IRQ,
    PMU,
    PSCI,
    REVISIONS,
    Machine,
    every_revision,
    filters,
)

ALLOW, DENY = 0, 1
CYCLES, OTHER, CHAIN = 0x11, 0x08, 0x1E
SET_NR_COUNTERS = 4
# One that never reports, and one whose report depends on the host until 6.1.
PAIR_STORE, EVENTS = "no-syndrome", "pmceid"


def report(
    wanted: Revision, name: str, *given: Addr, cpu: int = 0, counters: int | None = None
) -> dict[str, int]:
    """A payload's report in a VM with those filters and that number of counters."""
    machine = Machine(wanted).ready().gic()
    if counters is not None:
        assert machine.set(SET_NR_COUNTERS, Addr("u32", (counters,))) == 0
    assert machine("KVM_SET_USER_MEMORY_REGION", "vm0", payload=name) == 0
    assert machine.set(IRQ) == 0
    for one in given:
        assert machine.set(FILTER, one) == 0
    assert machine.set(INIT) == 0
    program, found = payload(name), dict[str, int]()
    for _ in program.fields:
        exit = machine.run(cpu).exit
        assert exit is not None
        assert exit.mmio is not None
        (field,) = [key for key, at in program.fields.items() if at == exit.mmio.phys_addr]
        found[field] = exit.mmio.data
    exit = machine.run(cpu).exit
    assert exit is not None
    assert exit.mmio is not None
    assert exit.mmio.phys_addr == program.done
    return found


@every_revision
@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ([], True),
        ([filters(CYCLES, 1, ALLOW)], True),
        ([filters(CYCLES, 1, DENY)], False),
        ([filters(OTHER, 1, ALLOW)], False),
        ([filters(OTHER, 1, DENY)], True),
        ([filters(0, 0, ALLOW)], False),
        ([filters(0, 0, DENY)], True),
        ([filters(OTHER, 1, ALLOW), filters(CYCLES, 1, ALLOW)], True),
        ([filters(CYCLES, 1, ALLOW), filters(CYCLES, 1, DENY)], False),
        ([filters(CYCLES, 1, DENY), filters(CYCLES, 1, ALLOW)], True),
        ([filters(OTHER, 1, ALLOW), filters(OTHER, 1, DENY)], False),
        ([filters(CYCLES - 1, 1, DENY)], True),
        ([filters(CYCLES - 1, 2, DENY)], False),
        ([filters(CYCLES + 1, 1, DENY)], True),
    ],
)
def test_the_first_filter_sets_what_holds_for_all_and_later_ones_override(
    given: list[Addr], counts: bool, wanted: Revision
) -> None:
    reads = report(wanted, "cycle-counter", *given)
    assert (0 < reads["first"] < reads["second"]) == counts
    assert (reads == {"first": 0, "second": 0}) == (not counts)


@every_revision
@pytest.mark.parametrize("given", [[], [filters(0, 1, DENY)], [filters(OTHER, 1, ALLOW)]])
@pytest.mark.parametrize("cpu", [0, 5])
def test_software_increments_count_on_any_cpu_and_pass_every_filter(
    cpu: int, given: list[Addr], wanted: Revision
) -> None:
    assert report(wanted, "sw-incr", *given, cpu=cpu) == {"count": 3}


@every_revision
def test_the_guest_sees_the_number_of_counters(wanted: Revision) -> None:
    assert report(wanted, "pmcr") == {"n": 6}


@pytest.mark.parametrize("wanted", [r for r in REVISIONS if r < AT_INIT], ids=str)
def test_until_6_5_the_guest_sees_the_number_that_userspace_wrote(wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    number = Addr("u64", (3 << 11,))
    assert machine("KVM_SET_ONE_REG", "vcpu0", id=PMCR_EL0, addr=number) == 0
    assert machine("KVM_SET_USER_MEMORY_REGION", "vm0", payload="pmcr") == 0
    assert machine.set(INIT) == 0
    exit = machine.run().exit
    assert exit is not None
    assert exit.mmio is not None
    assert exit.mmio.data == 3


@every_revision
@pytest.mark.parametrize("name", sorted(set(payloads()) - {PAIR_STORE, EVENTS}))
def test_every_payload_is_modelled_in_every_revision(name: str, wanted: Revision) -> None:
    assert set(report(wanted, name)) == set(payload(name).fields)


@pytest.mark.parametrize("wanted", REVISIONS, ids=str)
def test_from_6_2_on_a_guest_has_chain_unless_a_filter_denies_it(wanted: Revision) -> None:
    if wanted < revision("linux-6.2"):
        with pytest.raises(NotModelled, match="KVM_RUN"):
            report(wanted, EVENTS)
    else:
        assert report(wanted, EVENTS) == {"chain": 1}
        assert report(wanted, EVENTS, filters(CHAIN, 1, DENY)) == {"chain": 0}
        assert report(wanted, EVENTS, filters(OTHER, 1, ALLOW)) == {"chain": 0}


@every_revision
@pytest.mark.parametrize("given", [[], [filters(CHAIN, 1, DENY)], [filters(OTHER, 1, ALLOW)]])
def test_a_chain_of_counters_passes_every_filter(given: list[Addr], wanted: Revision) -> None:
    assert report(wanted, "chain", *given) == {"counters": 6, "low": 1, "high": 1}


def test_one_counter_cannot_be_chained() -> None:
    assert report(revision("linux-6.16"), "chain", counters=1) == {
        "counters": 1,
        "low": 0,
        "high": 0,
    }


@every_revision
@pytest.mark.parametrize("features", [(PSCI,), (PSCI, PMU)], ids=["no-pmu", "pmu"])
def test_a_store_without_a_syndrome_is_enosys_each_time(
    features: tuple[int, ...], wanted: Revision
) -> None:
    machine = Machine(wanted).vm()
    assert machine.init("vcpu0", *features) == 0
    assert machine("KVM_SET_USER_MEMORY_REGION", "vm0", payload=PAIR_STORE) == 0
    if PMU in features:
        assert machine.set(INIT) == 0
    assert [machine.run().errno for _ in range(2)] == [Errno.ENOSYS, Errno.ENOSYS]
