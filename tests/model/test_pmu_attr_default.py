"""The default PMU of a VM (contract 3).

A filter makes it visible: after one, SET_PMU accepts only the VM's own PMU.
"""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT

from .machine import (
    AT_INIT,
    CALLING,
    FILTER,
    GAP,
    HOSTS,
    IRQ,
    MERGED,
    PER_VM,
    PRE,
    PSCI,
    REVISIONS,
    SAME,
    SET_PMU,
    V1,
    Machine,
    integer,
)

both_hosts = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
each_cpu = pytest.mark.parametrize("cpu", range(6))
at_first_set = pytest.mark.parametrize("wanted", [CALLING, SAME], ids=str)


def default(machine: Machine) -> str:
    """The name of the VM's PMU: the only one that SET_PMU accepts after a filter."""
    machine.set(FILTER)
    taken = [pmu.name for pmu in machine.host.pmus if machine.set(SET_PMU, integer(pmu.type)) == 0]
    (name,) = taken
    return name


def name_of(host: Host, cpu: int) -> str:
    pmu = host.pmu_of(cpu)
    assert pmu is not None
    return pmu.name


@both_hosts
@each_cpu
def test_in_5_18_the_default_is_the_pmu_that_registered_first(cpu: int, host: Host) -> None:
    machine = Machine(MERGED, host)
    machine.cpu = cpu
    assert default(machine.ready()) == host.pmus[0].name


@both_hosts
@each_cpu
@at_first_set
def test_in_6_4_the_default_is_that_of_the_cpu_of_the_first_set(
    wanted: Revision, cpu: int, host: Host
) -> None:
    machine = Machine(wanted, host).ready()
    machine.cpu = cpu
    assert default(machine) == name_of(host, cpu)


@both_hosts
@each_cpu
def test_since_6_7_the_default_is_that_of_the_cpu_of_vcpu_init(cpu: int, host: Host) -> None:
    machine = Machine(AT_INIT, host).vm()
    machine.cpu = cpu
    assert machine.init() == 0
    machine.cpu = 5 - cpu
    assert default(machine) == name_of(host, cpu)


@at_first_set
@pytest.mark.parametrize(
    ("attr", "errno"), [(99, Errno.ENXIO), (SET_PMU, Errno.EFAULT), (IRQ, Errno.EINVAL)]
)
def test_in_6_4_a_set_that_fails_chooses_all_the_same(
    attr: int, errno: int, wanted: Revision
) -> None:
    machine = Machine(wanted).ready()
    machine.cpu = 5
    assert machine.set(attr, FAULT) == errno
    machine.cpu = 0
    assert default(machine) == "armv8_cortex_a72"


@at_first_set
def test_in_6_4_neither_has_nor_get_chooses(wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    machine.cpu = 5
    assert machine.has(SET_PMU) == 0
    assert machine.get(SET_PMU).errno == Errno.ENXIO
    machine.cpu = 0
    assert default(machine) == "armv8_cortex_a53"


@at_first_set
def test_in_6_4_a_set_refused_for_the_feature_or_the_group_does_not_choose(
    wanted: Revision,
) -> None:
    machine = Machine(wanted).vm()
    machine.cpu = 5
    assert machine.set(IRQ) == Errno.ENODEV
    assert machine.set(IRQ, group=77) == Errno.ENXIO
    assert machine.init() == 0
    machine.cpu = 0
    assert default(machine) == "armv8_cortex_a53"


@pytest.mark.parametrize("wanted", PER_VM, ids=str)
def test_the_default_is_chosen_once(wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    assert machine.set(IRQ) == Errno.EINVAL
    machine.cpu = 5
    assert machine.init() == 0
    assert machine.set(IRQ) == Errno.EINVAL
    assert default(machine) == machine.host.pmus[0].name


@pytest.mark.parametrize("wanted", PER_VM, ids=str)
def test_a_chosen_pmu_is_not_replaced_by_a_default(wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    assert machine.set(SET_PMU, integer(9)) == 0
    assert machine.init() == 0
    assert default(machine) == "armv8_cortex_a72"


def test_since_6_7_an_init_without_the_pmu_chooses_none() -> None:
    machine = Machine(AT_INIT, GAP).vm()
    machine.cpu = 2
    assert machine.init("vcpu0", PSCI) == 0


@at_first_set
@pytest.mark.parametrize("attr", [FILTER, SET_PMU, 99])
def test_in_6_4_a_set_from_a_cpu_without_a_pmu_is_enodev(attr: int, wanted: Revision) -> None:
    machine = Machine(wanted, GAP).ready()
    machine.cpu = 2
    assert machine.set(attr, FAULT) == Errno.ENODEV
    machine.cpu = 0
    assert machine.set(FILTER) == 0
    machine.cpu = 2
    assert machine.set(attr, FAULT) == (Errno.ENXIO if attr == 99 else Errno.EFAULT)


@pytest.mark.parametrize("wanted", [PRE, V1, MERGED], ids=str)
def test_until_5_18_a_set_from_a_cpu_without_a_pmu_is_nothing_special(wanted: Revision) -> None:
    machine = Machine(wanted, GAP).ready()
    machine.cpu = 2
    assert machine.set(FILTER) == 0


@both_hosts
@pytest.mark.parametrize("wanted", REVISIONS, ids=str)
@each_cpu
def test_a_default_never_keeps_a_vcpu_from_running(cpu: int, wanted: Revision, host: Host) -> None:
    machine = Machine(wanted, host).standard()
    assert machine.set(1) == 0
    outcome = machine.run(cpu)
    assert outcome.ret == 0
    assert outcome.exit is not None
    assert outcome.exit.mmio is not None


@both_hosts
@pytest.mark.parametrize("wanted", REVISIONS, ids=str)
@each_cpu
def test_the_counter_moves_on_the_cpus_of_the_vms_pmu_alone(
    cpu: int, wanted: Revision, host: Host
) -> None:
    machine = Machine(wanted, host)
    machine.cpu = 4
    machine.standard()
    assert machine.set(1) == 0
    reads = [machine.run(cpu).exit for _ in range(2)]
    values = [read.mmio.data for read in reads if read is not None and read.mmio is not None]
    owner = host.pmus[0].name if wanted < CALLING else name_of(host, 4)
    assert (0 < values[0] < values[1]) == (name_of(host, cpu) == owner)
    assert (values == [0, 0]) == (name_of(host, cpu) != owner)
