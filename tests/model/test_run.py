"""KVM_RUN in the model (contract 2.14, 4)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import Exit, FailEntry, Mmio, Outcome

from .machine import (
    DIST,
    FILTER,
    HOSTS,
    INIT,
    IRQ,
    LITTLE_FIRST,
    MERGED,
    PER_VM,
    POWER_OFF,
    PRE,
    PSCI,
    REDIST,
    REVISIONS,
    SAME,
    SET_PMU,
    WITH_SET_PMU,
    Machine,
    every_revision,
    in_each,
    integer,
)

merged = in_each(PER_VM)
both_hosts = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)

UNKNOWN = Exit(k.KVM_EXIT_UNKNOWN)
INTERRUPTED = Outcome(-1, Errno.EINTR, exit=Exit(k.KVM_EXIT_INTR), timed_out=True)
REPORT = 0x0A00_0000


def refused(errno: Errno, exit: Exit = UNKNOWN) -> Outcome:
    return Outcome(-1, errno, exit=exit)


def failed_entry(cpu: int) -> Outcome:
    return Outcome(0, exit=Exit(9, FailEntry(1, cpu)))


def chosen(wanted: Revision, host: Host = LITTLE_FIRST) -> tuple[Machine, int, int]:
    """A machine ready to run with the first PMU chosen, a CPU of it, and one of the other."""
    machine = Machine(wanted, host).standard()
    assert machine.set(SET_PMU, integer(host.pmus[0].type)) == 0
    assert machine.set(INIT) == 0
    return machine, min(host.pmus[0].cpus), min(host.pmus[1].cpus)


def prepared(wanted: Revision, steps: int) -> Machine:
    """A VM with the first ``steps`` steps towards a run done."""
    machine = Machine(wanted).vm()
    way: list[Callable[[], object]] = [
        lambda: machine.init(),
        lambda: machine.gic(initialise=False, bases=False),
        lambda: machine.gic_set(0, 2, DIST),
        lambda: machine.gic_set(0, 3, REDIST),
        lambda: machine.gic_set(4, 0),
        lambda: machine.set(IRQ),
        lambda: machine.set(INIT),
    ]
    for step in way[:steps]:
        assert step() in (0, machine)
    return machine


@every_revision
@pytest.mark.parametrize(
    ("steps", "errno"),
    [
        (0, Errno.ENOEXEC),
        (1, Errno.EINVAL),
        (2, Errno.ENXIO),
        (3, Errno.ENXIO),
        (4, Errno.EBUSY),
        (5, Errno.EINVAL),
        (6, Errno.EINVAL),
        (7, Errno.EINTR),
    ],
)
def test_the_first_step_that_is_missing_has_its_errno(
    steps: int, errno: Errno, wanted: Revision
) -> None:
    if wanted == PRE and errno == Errno.EINVAL:
        errno = Errno.EINTR  # it runs without an initialised PMU
    assert prepared(wanted, steps).run(immediate_exit=True) == refused(errno)


@every_revision
@pytest.mark.parametrize("steps", range(8))
def test_an_argument_is_einval_before_all_else(steps: int, wanted: Revision) -> None:
    assert prepared(wanted, steps).run(arg=1, immediate_exit=True) == refused(Errno.EINVAL)


@pytest.mark.parametrize("wanted", [r for r in REVISIONS if r > PRE], ids=str)
def test_a_refused_run_is_none(wanted: Revision) -> None:
    machine = prepared(wanted, 6)
    assert machine.run() == refused(Errno.EINVAL)
    assert machine.set(FILTER) == 0


@merged
@pytest.mark.parametrize("steps", [2, 3, 4])
def test_a_vgic_that_is_not_ready_kills_the_vm(steps: int, wanted: Revision) -> None:
    machine = prepared(wanted, steps)
    assert machine.run().errno in (Errno.ENXIO, Errno.EBUSY)
    assert machine.run() == refused(Errno.EIO)
    assert machine.set(FILTER) == Errno.EIO
    assert machine.gic_set(4, 0) == Errno.EIO
    assert machine("KVM_CREATE_VCPU", "vm0", "vcpu1", id=1) == Errno.EIO
    assert machine("KVM_CHECK_EXTENSION", "kvm", cap="KVM_CAP_ARM_PMU_V3") == 0


@pytest.mark.parametrize("wanted", [r for r in REVISIONS if r < MERGED], ids=str)
def test_until_5_17_a_vcpu_has_one_try_at_its_first_run(wanted: Revision) -> None:
    machine = prepared(wanted, 2).load()
    assert machine.run().errno == Errno.ENXIO
    assert machine.run().ret == 0


@every_revision
def test_without_the_pmu_no_pmu_has_to_be_initialised(wanted: Revision) -> None:
    machine = Machine(wanted).vm()
    assert machine.init("vcpu0", PSCI) == 0
    assert machine.run(immediate_exit=True) == refused(Errno.EINTR)


@every_revision
def test_the_payload_reports_two_reads_and_starts_over(wanted: Revision) -> None:
    machine = Machine(wanted).standard()
    assert machine.set(INIT) == 0
    exits = [machine.run().exit for _ in range(4)]
    stores = [found.mmio for found in exits if found is not None and found.mmio is not None]
    assert [(store.phys_addr, store.len, store.is_write) for store in stores] == [
        (REPORT, 8, True),
        (REPORT + 8, 8, True),
        (REPORT + 0x800, 8, True),
        (REPORT, 8, True),
    ]
    assert 0 < stores[0].data < stores[1].data


@every_revision
def test_vcpu_init_starts_the_payload_over(wanted: Revision) -> None:
    machine = Machine(wanted).standard()
    assert machine.set(INIT) == 0
    first = machine.run()
    assert machine.init() == 0
    assert machine.run() == first


@pytest.mark.parametrize("features", [(PSCI,), (PSCI, 3)], ids=["no feature", "no INIT"])
def test_in_5_10_registers_without_an_initialised_pmu_read_0(features: tuple[int, ...]) -> None:
    machine = Machine(REVISIONS[0]).vm()
    assert machine.init("vcpu0", *features) == 0
    machine.load()
    exits = [machine.run().exit for _ in range(3)]
    stores = [exit.mmio for exit in exits if exit is not None and exit.mmio is not None]
    assert [(store.phys_addr, store.data) for store in stores] == [
        (REPORT, 0),
        (REPORT + 8, 0),
        (REPORT + 0x800, 0),
    ]


@pytest.mark.parametrize("wanted", REVISIONS[1:], ids=str)
def test_the_payload_without_a_pmu_faults_once_and_then_hangs(wanted: Revision) -> None:
    machine = Machine(wanted).vm()
    assert machine.init("vcpu0", PSCI) == 0
    machine.load()
    assert machine.run() == Outcome(
        0, exit=Exit(k.KVM_EXIT_MMIO, mmio=Mmio(REPORT + 0x808, 8, True, 1 << 25))
    )
    assert machine.run() == INTERRUPTED


@every_revision
def test_zeroed_memory_is_a_guest_that_never_leaves(wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    assert machine.set(INIT) == 0
    assert machine("KVM_SET_USER_MEMORY_REGION", "vm0") == 0
    assert machine.run() == INTERRUPTED


@pytest.mark.parametrize("elsewhere", [True, False], ids=["elsewhere", "none"])
def test_without_memory_to_fetch_from_the_guest_never_leaves(elsewhere: bool) -> None:
    machine = Machine().ready()
    assert machine.set(INIT) == 0
    if elsewhere:
        assert machine("KVM_SET_USER_MEMORY_REGION", "vm0", guest_phys_addr=0x10000) == 0
    assert machine.run() == INTERRUPTED


@in_each(WITH_SET_PMU)
def test_a_powered_off_vcpu_sleeps_even_on_a_wrong_cpu(wanted: Revision) -> None:
    machine = Machine(wanted).vm()
    assert machine.init("vcpu0", POWER_OFF, PSCI, 3) == 0
    assert machine.set(SET_PMU) == 0
    assert machine.set(INIT) == 0
    machine.load()
    assert machine.run(5) == INTERRUPTED


@every_revision
def test_a_run_that_ends_early_leaves_the_exit_reason(wanted: Revision) -> None:
    machine = Machine(wanted).standard()
    assert machine.set(INIT) == 0
    assert machine.run().exit is not None
    assert machine.run(immediate_exit=True) == refused(Errno.EINTR, Exit(k.KVM_EXIT_MMIO))
    assert machine.run(arg=1) == refused(Errno.EINVAL, Exit(k.KVM_EXIT_MMIO))


@merged
@both_hosts
def test_every_cpu_outside_the_chosen_pmu_is_a_failed_entry(host: Host, wanted: Revision) -> None:
    machine, _, _ = chosen(wanted, host)
    for cpu in host.cpus:
        outcome = machine.run(cpu)
        assert (outcome == failed_entry(cpu)) == (cpu not in host.pmus[0].cpus)
        assert outcome.ret == 0


@merged
@both_hosts
def test_a_failed_entry_repeats_and_a_good_cpu_ends_it(host: Host, wanted: Revision) -> None:
    machine, good, bad = chosen(wanted, host)
    assert [machine.run(bad) for _ in range(3)] == [failed_entry(bad)] * 3
    assert machine.run(good).exit != failed_entry(good).exit
    assert machine.run(bad) == failed_entry(bad)


@merged
def test_immediate_exit_wins_over_the_failed_entry_and_leaves_nothing_behind(
    wanted: Revision,
) -> None:
    machine, good, bad = chosen(wanted)
    assert machine.run(bad, immediate_exit=True) == refused(Errno.EINTR)
    outcome = machine.run(good)
    assert outcome.exit is not None
    assert outcome.exit.mmio is not None


@merged
@pytest.mark.parametrize("immediate", [True, False], ids=["immediate_exit", "failed entry"])
def test_a_run_on_a_wrong_cpu_counts_as_run(immediate: bool, wanted: Revision) -> None:
    machine = Machine(wanted).standard(2)
    assert machine.set(SET_PMU) == 0
    assert machine.set(INIT) == 0
    assert machine.set(SET_PMU, on="vcpu1") == 0
    outcome = machine.run(5, immediate_exit=immediate)
    assert outcome == (refused(Errno.EINTR) if immediate else failed_entry(5))
    assert machine.set(SET_PMU, on="vcpu1") == Errno.EBUSY
    assert machine.set(FILTER, on="vcpu1") == Errno.EBUSY


@merged
def test_first_run_checks_come_before_the_cpu(wanted: Revision) -> None:
    machine = Machine(wanted).standard()
    assert machine.set(SET_PMU) == 0
    assert machine.run(5) == refused(Errno.EINVAL)


@merged
def test_a_vcpu_that_never_chose_is_restricted_too(wanted: Revision) -> None:
    machine = Machine(wanted).standard(2)
    assert machine.set(SET_PMU) == 0
    assert machine.set(INIT, on="vcpu1") == 0
    assert machine.run(4, on="vcpu1") == failed_entry(4)


@pytest.mark.parametrize("wanted", [r for r in PER_VM if r < SAME], ids=str)
def test_a_vcpu_without_the_feature_is_restricted_too(wanted: Revision) -> None:
    machine = Machine(wanted).vm(2)
    assert machine.init("vcpu0") == 0
    assert machine.init("vcpu1", PSCI) == 0
    assert machine.set(SET_PMU) == 0
    assert machine.run(4, on="vcpu1") == failed_entry(4)


@merged
def test_the_last_pmu_set_through_any_vcpu_restricts(wanted: Revision) -> None:
    machine = Machine(wanted).standard(2)
    assert machine.set(SET_PMU, integer(8)) == 0
    assert machine.set(INIT) == 0
    assert machine.set(SET_PMU, integer(9), on="vcpu1") == 0
    assert machine.run(0) == failed_entry(0)
    assert machine.run(4).exit != failed_entry(4).exit


@pytest.mark.parametrize("cpu", LITTLE_FIRST.cpus)
def test_before_the_series_no_cpu_is_wrong(cpu: int) -> None:
    machine = Machine(PRE).standard()
    assert machine.set(SET_PMU) == Errno.ENXIO
    assert machine.set(INIT) == 0
    assert machine.run(cpu).ret == 0
