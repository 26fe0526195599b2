"""The PMU attribute group in the model: rules for all its attributes (contract 2.6, 2.7, 2.13),
and SET_PMU (2.11)."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.model import NotModelled
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import Outcome
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

from .machine import (
    AT_INIT,
    FILTER,
    GOOD,
    HOSTS,
    INIT,
    IRQ,
    MERGED,
    PER_VM,
    PRE,
    PSCI,
    REVISIONS,
    SAME,
    SET_PMU,
    V1,
    WITH_SET_PMU,
    Machine,
    every_revision,
    in_each,
    integer,
)

both_hosts = pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
merged = in_each(PER_VM)
UNKNOWN_ATTRS = (6, 7, 1 << 32, (1 << 32) + SET_PMU, 2**64 - 1)
ANY_ATTR = (IRQ, INIT, FILTER, SET_PMU, *UNKNOWN_ATTRS)
IOCTLS = ("KVM_SET_DEVICE_ATTR", "KVM_GET_DEVICE_ATTR", "KVM_HAS_DEVICE_ATTR")
NO_PMU = integer(99)


@every_revision
@pytest.mark.parametrize("ioctl", IOCTLS)
@pytest.mark.parametrize(
    ("args", "errno"),
    [
        ({"group": 77, "attr": 77, "argp": "fault"}, Errno.EFAULT),
        ({"group": 0, "attr": 0, "argp": "fault"}, Errno.EFAULT),
        ({"group": 77, "attr": 0, "addr": FAULT}, Errno.ENXIO),
        ({"group": 2**32 - 1, "attr": SET_PMU}, Errno.ENXIO),
    ],
)
@pytest.mark.parametrize("initialised", [True, False], ids=["pmu", "uninitialised"])
def test_the_struct_is_read_first_and_an_unknown_group_is_enxio(
    initialised: bool, args: dict[str, Any], errno: int, ioctl: str, wanted: Revision
) -> None:
    machine = Machine(wanted).ready() if initialised else Machine(wanted).vm()
    assert machine(ioctl, "vcpu0", **args) == errno


@pytest.mark.parametrize("group", [1, 2], ids=["timer", "pvtime"])
@pytest.mark.parametrize("ioctl", IOCTLS)
def test_other_known_groups_are_not_modelled(ioctl: str, group: int) -> None:
    with pytest.raises(NotModelled, match=ioctl):
        Machine().ready()(ioctl, "vcpu0", group=group, attr=0)


@every_revision
def test_the_structs_flags_are_not_looked_at(wanted: Revision) -> None:
    assert Machine(wanted).ready().set(INIT, flags=2**32 - 1) == 0


@every_revision
@both_hosts
@pytest.mark.parametrize("attr", ANY_ATTR)
@pytest.mark.parametrize("addr", [FAULT, NULL, integer(8)], ids=["fault", "null", "int"])
def test_without_the_feature_set_is_enodev_whatever_else_is_wrong(
    addr: Addr, attr: int, host: Host, wanted: Revision
) -> None:
    machine = Machine(wanted, host).vm(2)
    assert machine.init("vcpu0", PSCI) == 0
    assert machine.set(attr, addr) == Errno.ENODEV
    assert machine.set(attr, addr, on="vcpu1") == Errno.ENODEV


@every_revision
@pytest.mark.parametrize("attr", ANY_ATTR)
@pytest.mark.parametrize("addr", [FAULT, integer(8)], ids=["fault", "int"])
@pytest.mark.parametrize("ran", [True, False], ids=["ran", "never ran"])
def test_after_init_set_is_ebusy_whatever_else_is_wrong(
    ran: bool, addr: Addr, attr: int, wanted: Revision
) -> None:
    machine = Machine(wanted).ready()
    if ran:
        machine.start()
    else:
        assert machine.set(INIT) == 0
    assert machine.set(attr, addr) == Errno.EBUSY


@every_revision
@pytest.mark.parametrize("attr", UNKNOWN_ATTRS)
@pytest.mark.parametrize("addr", [FAULT, NULL, integer(8)], ids=["fault", "null", "int"])
def test_an_unknown_attribute_is_enxio(addr: Addr, attr: int, wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    assert machine.set(attr, addr) == Errno.ENXIO
    assert machine.has(attr) == Errno.ENXIO
    assert machine.get(attr, addr).errno == Errno.ENXIO


@pytest.mark.parametrize("wanted", [r for r in REVISIONS if r <= AT_INIT], ids=str)
def test_set_nr_counters_is_unknown_until_6_15(wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    assert machine.set(4, integer(1)) == Errno.ENXIO
    assert machine.has(4) == Errno.ENXIO


@pytest.mark.parametrize("wanted", [r for r in REVISIONS if r < AT_INIT], ids=str)
def test_until_6_5_a_vcpus_own_features_count(wanted: Revision) -> None:
    machine = Machine(wanted).vm(2)
    assert machine.init("vcpu0") == 0
    assert machine.set(IRQ, FAULT, on="vcpu1") == Errno.ENODEV
    assert machine.has(INIT, on="vcpu1") == Errno.ENXIO


def test_since_6_7_the_vms_features_count_even_for_a_vcpu_without_init() -> None:
    machine = Machine(AT_INIT).vm(2)
    assert machine.init("vcpu0") == 0
    assert machine.set(SET_PMU, on="vcpu1") == 0
    assert machine.has(INIT, on="vcpu1") == 0


@every_revision
def test_until_6_4_a_vcpu_without_the_feature_stays_without_beside_one_that_has_it(
    wanted: Revision,
) -> None:
    machine = Machine(wanted).vm(2)
    assert machine.init("vcpu0") == 0
    second = machine.init("vcpu1", PSCI)
    assert second == (0 if wanted < SAME else Errno.EINVAL)
    if second == 0:
        assert machine.set(INIT, on="vcpu1") == Errno.ENODEV


@every_revision
@pytest.mark.parametrize("attr", ANY_ATTR)
@pytest.mark.parametrize("state", ["feature", "created", "ran"])
def test_has_says_what_the_kernel_knows_in_every_state(
    state: str, attr: int, wanted: Revision
) -> None:
    machine = Machine(wanted).ready()
    if state != "feature":
        machine.start() if state == "ran" else machine.set(INIT)
    known = attr in (IRQ, INIT, FILTER) or (attr == SET_PMU and wanted >= V1)
    assert machine.has(attr) == (0 if known else Errno.ENXIO)


@every_revision
@pytest.mark.parametrize("attr", ANY_ATTR)
def test_has_is_enxio_without_the_feature(attr: int, wanted: Revision) -> None:
    machine = Machine(wanted).vm()
    assert machine.has(attr) == Errno.ENXIO
    assert machine.init("vcpu0", PSCI) == 0
    assert machine.has(attr) == Errno.ENXIO


@every_revision
@pytest.mark.parametrize("attr", ANY_ATTR[1:])
@pytest.mark.parametrize("features", [(), (PSCI,), (PSCI, 3)], ids=["no init", "no pmu", "pmu"])
def test_get_of_any_attribute_but_irq_is_enxio(
    features: tuple[int, ...], attr: int, wanted: Revision
) -> None:
    machine = Machine(wanted).vm()
    if features:
        assert machine.init("vcpu0", *features) == 0
    assert machine.get(attr, FAULT) == Outcome(-1, Errno.ENXIO)


# SET_PMU.


@pytest.mark.parametrize("addr", [FAULT, NULL, integer(8), NO_PMU])
def test_before_the_series_set_pmu_is_an_unknown_attribute(addr: Addr) -> None:
    assert Machine(PRE).ready().set(SET_PMU, addr) == Errno.ENXIO


@in_each(WITH_SET_PMU)
@both_hosts
@pytest.mark.parametrize(
    ("addr", "errno"),
    [
        (FAULT, Errno.EFAULT),
        (NULL, Errno.EFAULT),
        *((integer(number), Errno.ENXIO) for number in (*range(6), 7, 10, -1, 2**31 - 1)),
        (integer(8), 0),
        (integer(9), 0),
    ],
)
def test_set_pmu_reads_the_id_then_looks_for_it(
    addr: Addr, errno: int, host: Host, wanted: Revision
) -> None:
    assert Machine(wanted, host).ready().set(SET_PMU, addr) == errno


@in_each(WITH_SET_PMU)
def test_set_pmu_may_be_repeated(wanted: Revision) -> None:
    machine = Machine(wanted).ready(2)
    for number in (8, 9, 9, 8):
        assert machine.set(SET_PMU, integer(number)) == 0
        assert machine.set(SET_PMU, integer(number), on="vcpu1") == 0


@merged
@both_hosts
@pytest.mark.parametrize(
    ("addr", "errno"),
    [
        (FAULT, Errno.EFAULT),
        (NO_PMU, Errno.ENXIO),
        (integer(8), Errno.EBUSY),
        (integer(9), Errno.EBUSY),
    ],
)
def test_after_a_run_set_pmu_is_efault_then_enxio_then_ebusy(
    addr: Addr, errno: int, host: Host, wanted: Revision
) -> None:
    machine = Machine(wanted, host).ready(2).start()
    assert machine.set(SET_PMU, addr, on="vcpu1") == errno


@merged
@both_hosts
@pytest.mark.parametrize(
    ("addr", "errno"),
    [(FAULT, Errno.EFAULT), (NO_PMU, Errno.ENXIO), (integer(9), Errno.EBUSY), (integer(8), 0)],
)
def test_after_a_filter_set_pmu_is_efault_then_enxio_then_ebusy_unless_it_changes_nothing(
    addr: Addr, errno: int, host: Host, wanted: Revision
) -> None:
    machine = Machine(wanted, host).ready(2)
    assert machine.set(SET_PMU, integer(8)) == 0
    assert machine.set(FILTER, on="vcpu1") == 0
    assert machine.set(SET_PMU, addr) == errno


def test_as_posted_first_neither_a_run_nor_a_filter_keeps_set_pmu_out() -> None:
    machine = Machine(V1).ready(2)
    assert machine.set(FILTER, on="vcpu1") == 0
    machine.start()
    for number in (8, 9):
        assert machine.set(SET_PMU, integer(number), on="vcpu1") == 0


@merged
def test_init_of_one_vcpu_leaves_set_pmu_to_the_other(wanted: Revision) -> None:
    machine = Machine(wanted).ready(2)
    assert machine.set(SET_PMU, integer(8)) == 0
    assert machine.set(INIT) == 0
    assert machine.set(SET_PMU, integer(9), on="vcpu1") == 0


@merged
def test_set_pmu_needs_no_gic_and_no_initialised_one(wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    assert machine.set(SET_PMU) == 0
    machine.gic(initialise=False, bases=False)
    assert machine.set(SET_PMU) == 0


@pytest.mark.parametrize("wanted", [MERGED, AT_INIT], ids=str)
@pytest.mark.parametrize("attr", sorted(GOOD))
def test_a_pointer_to_another_type_is_answered_or_not_modelled(attr: int, wanted: Revision) -> None:
    # Memory has no type: the kernel reads what is there.  The model may not cover it.
    for addr in (Addr("u64", (8,)), Addr("kvm_pmu_event_filter", (8, 0, 0)), integer(8)):
        machine = Machine(wanted).ready().gic()
        try:
            errno = machine.set(attr, addr)
        except NotModelled:
            continue
        assert errno in (0, Errno.EINVAL, Errno.ENXIO)
