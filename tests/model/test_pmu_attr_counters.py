"""The number of event counters in the model: SET_NR_COUNTERS and PMCR_EL0.N (contract 2.12)."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.data.revision import Revision, revision
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import Outcome
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

from .machine import AT_INIT, INIT, IRQ, PMU, PSCI, REVISIONS, SET_PMU, Machine, integer

NR_COUNTERS = revision("linux-6.16")
ATTR, STRICT = 4, 9
# Two PMUs with different numbers of counters.
HOST = Host("h", (0, 1), (Pmu("few", 8, frozenset({0}), 4), Pmu("many", 9, frozenset({1}), 6)))
since_6_16 = pytest.mark.parametrize("wanted", [r for r in REVISIONS if r >= NR_COUNTERS], ids=str)
since_6_7 = pytest.mark.parametrize("wanted", [r for r in REVISIONS if r >= AT_INIT], ids=str)


def n(machine: Machine, on: str = "vcpu0") -> int:
    """PMCR_EL0.N as userspace reads it."""
    outcome = machine.outcome("KVM_GET_ONE_REG", on, id=k.PMCR_EL0)
    assert outcome.out is not None
    return int(outcome.out["value"]) >> 11 & 0x1F


def write_n(machine: Machine, value: int) -> int:
    addr = Addr("u64", (value << 11,))
    return machine("KVM_SET_ONE_REG", "vcpu0", id=k.PMCR_EL0, addr=addr)


@since_6_16
@pytest.mark.parametrize(
    ("addr", "errno"),
    [
        (FAULT, Errno.EFAULT),
        (NULL, Errno.EFAULT),
        (integer(5), Errno.EINVAL),
        (integer(-1), Errno.EINVAL),
        (Addr("u32", (2**32 - 1,)), Errno.EINVAL),
        (integer(4), 0),
        (integer(0), 0),
    ],
)
def test_a_number_up_to_the_pmus_is_taken(addr: Addr, errno: int, wanted: Revision) -> None:
    assert Machine(wanted, HOST).ready().set(ATTR, addr) == errno


@since_6_16
def test_set_nr_counters_is_announced_and_can_not_be_read(wanted: Revision) -> None:
    machine = Machine(wanted, HOST).ready()
    assert machine.has(ATTR) == 0
    assert machine.get(ATTR).errno == Errno.ENXIO


@since_6_16
def test_neither_a_run_nor_a_filter_keeps_set_nr_counters_out_but_init_does(
    wanted: Revision,
) -> None:
    machine = Machine(wanted, HOST).ready(2)
    assert machine.set(2, on="vcpu1") == 0
    machine.start("vcpu1")
    assert machine.set(ATTR, integer(2)) == 0
    assert machine.set(ATTR, integer(2), on="vcpu1") == Errno.EBUSY


@since_6_16
def test_set_pmu_resets_the_number(wanted: Revision) -> None:
    machine = Machine(wanted, HOST).ready()
    assert machine.set(ATTR, integer(1)) == 0
    assert n(machine) == 1
    assert machine.set(SET_PMU, integer(9)) == 0
    assert n(machine) == 6
    assert machine.set(ATTR, integer(6)) == 0


@since_6_7
def test_the_number_is_the_default_pmus_until_another_is_chosen(wanted: Revision) -> None:
    machine = Machine(wanted, HOST)
    machine.cpu = 1
    machine.ready()
    assert n(machine) == 6
    assert machine.set(SET_PMU, integer(8)) == 0
    assert n(machine) == 4


# 7.3: KVM_ARM_VCPU_PMU_V3_STRICT.

LENIENT = revision("linux-7.3")


def strict(vcpus: int = 1) -> Machine:
    """vCPUs with STRICT, that is without a default PMU."""
    machine = Machine(LENIENT, HOST).vm(vcpus)
    for number in range(vcpus):
        assert machine.init(f"vcpu{number}", PSCI, PMU, STRICT) == 0
    return machine


@pytest.mark.parametrize("wanted", [r for r in REVISIONS if r < LENIENT], ids=str)
def test_strict_is_an_unknown_feature_before_7_3(wanted: Revision) -> None:
    assert Machine(wanted, HOST).vm().init("vcpu0", PSCI, PMU, STRICT) == Errno.ENOENT


def test_strict_without_a_pmu_is_einval() -> None:
    assert Machine(LENIENT, HOST).vm().init("vcpu0", PSCI, STRICT) == Errno.EINVAL


def test_strict_init_asks_no_cpu_for_its_pmu() -> None:
    machine = Machine(LENIENT, Host("gap", (0, 1), HOST.pmus[:1])).vm()
    machine.cpu = 1
    assert machine.init("vcpu0", PSCI, PMU, STRICT) == 0


@pytest.mark.parametrize(
    ("attr", "errno"), [(INIT, Errno.ENXIO), (2, Errno.ENXIO), (ATTR, Errno.EINVAL)]
)
def test_strict_needs_set_pmu_first(attr: int, errno: int) -> None:
    machine = strict()
    value = integer(1) if attr == ATTR else None
    assert machine.set(attr, value) == errno
    assert n(machine) == 0
    assert machine.set(SET_PMU) == 0
    assert machine.set(attr, value) == 0


def test_strict_init_is_enxio_before_it_looks_at_the_gic() -> None:
    machine = strict()
    machine.gic(initialise=False)
    assert machine.set(INIT) == Errno.ENXIO
    assert machine.set(SET_PMU) == 0
    assert machine.set(INIT) == Errno.ENODEV


def test_strict_takes_an_irq_without_a_pmu() -> None:
    machine = strict()
    machine.gic()
    assert machine.set(IRQ) == 0


def test_strict_passes_over_what_userspace_writes_to_pmcr() -> None:
    machine = strict()
    assert machine.set(SET_PMU, integer(9)) == 0
    assert write_n(machine, 2) == 0
    assert n(machine) == 6


def test_a_pmu_chosen_through_one_strict_vcpu_is_enough_for_all() -> None:
    machine = strict(2)
    assert machine.set(SET_PMU, on="vcpu1") == 0
    assert machine.set(INIT) == 0


def test_a_lenient_vcpu_has_its_default() -> None:
    machine = Machine(LENIENT, HOST).ready()
    assert machine.set(INIT) == 0
    assert machine.outcome("KVM_GET_ONE_REG", "vcpu0", id=k.PMCR_EL0) == Outcome(
        0, out={"value": 4 << 11}
    )
