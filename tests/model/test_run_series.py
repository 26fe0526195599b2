"""The series as posted, versions 1 to 3 (contract 4): state per vCPU, and how a run is refused."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.revision import Revision, revision
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import Exit, FailEntry, Outcome

from .machine import FILTER, INIT, LITTLE_FIRST, SET_PMU, V1, Machine, integer

V2, V3 = revision("series-v2"), revision("series-v3")
each_version = pytest.mark.parametrize("wanted", [V1, V2, V3], ids=str)
EARLY = Outcome(-1, Errno.EINTR, exit=Exit(0))


def wrong_cpu(wanted: Revision, cpu: int) -> Outcome:
    """The Outcome of a run on a CPU that the chosen PMU does not cover."""
    if wanted == V1:
        return Outcome(-1, Errno.ENOEXEC, exit=Exit(0))
    return Outcome(0, exit=Exit(9, FailEntry(1, cpu)))


def chosen(wanted: Revision) -> tuple[Machine, int, int]:
    """A machine with the first PMU chosen, a CPU of it, and one of the other."""
    machine = Machine(wanted).standard()
    assert machine.set(SET_PMU) == 0
    assert machine.set(INIT) == 0
    return machine, min(LITTLE_FIRST.pmus[0].cpus), min(LITTLE_FIRST.pmus[1].cpus)


def left_for_a_store(outcome: Outcome) -> bool:
    return outcome.exit is not None and outcome.exit.mmio is not None


@each_version
def test_a_wrong_cpu_is_refused_each_time_and_a_good_one_runs(wanted: Revision) -> None:
    machine, good, bad = chosen(wanted)
    assert machine.run(bad) == wrong_cpu(wanted, bad)
    assert machine.run(bad) == wrong_cpu(wanted, bad)
    assert left_for_a_store(machine.run(good))


@each_version
def test_a_flag_lingers_over_a_run_that_ended_early_until_version_3(wanted: Revision) -> None:
    machine, good, bad = chosen(wanted)
    assert machine.run(bad, immediate_exit=True) == EARLY
    if wanted < V3:
        assert machine.run(good) == wrong_cpu(wanted, good)
    assert left_for_a_store(machine.run(good))


@each_version
def test_only_the_vcpu_that_chose_is_restricted(wanted: Revision) -> None:
    machine = Machine(wanted).standard(2)
    assert machine.set(SET_PMU, integer(8)) == 0
    assert machine.set(INIT) == 0
    assert machine.run(4) == wrong_cpu(wanted, 4)
    second = Machine(wanted).standard(2)
    assert second.set(SET_PMU, integer(8)) == 0
    assert second.set(INIT, on="vcpu1") == 0
    assert left_for_a_store(second.run(4, on="vcpu1"))


@each_version
def test_neither_a_run_nor_a_filter_keeps_set_pmu_out(wanted: Revision) -> None:
    machine = Machine(wanted).ready(2)
    assert machine.set(FILTER, on="vcpu1") == 0
    machine.start()
    for number in (8, 9):
        assert machine.set(SET_PMU, integer(number), on="vcpu1") == 0


@each_version
def test_init_compares_the_vcpus_pmus_in_version_3(wanted: Revision) -> None:
    machine = Machine(wanted).ready(2)
    assert machine.set(SET_PMU, integer(8)) == 0
    assert machine.set(INIT) == 0
    assert machine.set(SET_PMU, integer(9), on="vcpu1") == 0
    assert machine.set(INIT, on="vcpu1") == (Errno.ENXIO if wanted == V3 else 0)
    assert machine.set(INIT, on="vcpu1") == Errno.EBUSY  # the refusal came too late


@each_version
def test_vcpus_with_one_pmu_are_initialised(wanted: Revision) -> None:
    machine = Machine(wanted).ready(2)
    for vcpu in ("vcpu0", "vcpu1"):
        assert machine.set(SET_PMU, integer(8), on=vcpu) == 0
        assert machine.set(INIT, on=vcpu) == 0
