"""IRQ, INIT and FILTER in the model (contract 2.8 to 2.10)."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import Outcome
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

from .machine import (
    DENY_NOTHING,
    FILTER,
    INIT,
    IRQ,
    PER_VM,
    PPI,
    PRE,
    PSCI,
    SET_PMU,
    SPI,
    V1,
    Machine,
    every_revision,
    filters,
    integer,
)

OTHER_PPI, OTHER_SPI = 24, 41


def with_gic(wanted: Revision, vcpus: int = 1) -> Machine:
    """vCPUs with a PMU, and an initialised GIC."""
    return Machine(wanted).ready(vcpus).gic()


@every_revision
@pytest.mark.parametrize("addr", [FAULT, NULL, integer(0), integer(PPI)])
def test_irq_without_an_irqchip_is_einval_before_the_pointer_is_read(
    addr: Addr, wanted: Revision
) -> None:
    assert Machine(wanted).ready().set(IRQ, addr) == Errno.EINVAL


@every_revision
@pytest.mark.parametrize(
    ("addr", "errno"),
    [
        (FAULT, Errno.EFAULT),
        (NULL, Errno.EFAULT),
        *((integer(number), Errno.EINVAL) for number in (-1, 0, 15, 1020, 8192, -(2**31))),
        *((integer(number), 0) for number in (16, 23, 31, 32, 1019)),
    ],
)
def test_irq_takes_a_readable_ppi_or_spi(addr: Addr, errno: int, wanted: Revision) -> None:
    assert with_gic(wanted).set(IRQ, addr) == errno


@every_revision
def test_irq_needs_no_initialised_gic(wanted: Revision) -> None:
    machine = Machine(wanted).ready().gic(initialise=False, bases=False)
    assert machine.set(IRQ) == 0


@every_revision
@pytest.mark.parametrize(
    ("first", "second", "errno"),
    [
        (PPI, PPI, Errno.EBUSY),
        (PPI, OTHER_PPI, Errno.EINVAL),
        (PPI, SPI, Errno.EBUSY),
        (SPI, SPI, Errno.EINVAL),
        (SPI, OTHER_SPI, Errno.EBUSY),
        (SPI, PPI, Errno.EINVAL),
        (PPI, 15, Errno.EINVAL),
    ],
)
def test_a_second_irq_on_the_same_vcpu(
    first: int, second: int, errno: int, wanted: Revision
) -> None:
    machine = with_gic(wanted)
    assert machine.set(IRQ, integer(first)) == 0
    assert machine.set(IRQ, integer(second)) == errno
    assert machine.get(IRQ) == Outcome(0, out={"value": first})


@every_revision
@pytest.mark.parametrize(
    ("first", "second", "errno"),
    [
        (PPI, PPI, 0),
        (PPI, OTHER_PPI, Errno.EINVAL),
        (PPI, SPI, 0),
        (SPI, SPI, Errno.EINVAL),
        (SPI, OTHER_SPI, 0),
        (SPI, PPI, Errno.EINVAL),
    ],
)
def test_an_irq_on_another_vcpu(first: int, second: int, errno: int, wanted: Revision) -> None:
    machine = with_gic(wanted, vcpus=2)
    assert machine.set(IRQ, integer(first)) == 0
    assert machine.set(IRQ, integer(second), on="vcpu1") == errno


@every_revision
def test_irq_is_taken_after_another_vcpu_has_run(wanted: Revision) -> None:
    machine = with_gic(wanted, vcpus=2)
    assert machine.set(IRQ) == 0
    machine.start()
    assert machine.set(IRQ, on="vcpu1") == 0


@every_revision
def test_get_irq_says_einval_enodev_enxio_efault_then_the_number(wanted: Revision) -> None:
    machine = Machine(wanted).vm()
    assert machine.get(IRQ, FAULT).errno == Errno.EINVAL  # neither irqchip nor PMU
    machine.gic()
    assert machine.get(IRQ, FAULT).errno == Errno.ENODEV
    assert machine.init() == 0
    assert machine.get(IRQ, FAULT).errno == Errno.ENXIO
    assert machine.set(IRQ) == 0
    assert machine.get(IRQ, FAULT).errno == Errno.EFAULT
    assert machine.get(IRQ) == Outcome(0, out={"value": PPI})
    assert machine.set(INIT) == 0
    assert machine.get(IRQ) == Outcome(0, out={"value": PPI})


# INIT.


@every_revision
def test_init_without_an_irqchip_is_not_checked(wanted: Revision) -> None:
    assert Machine(wanted).ready().set(INIT, FAULT) == 0


@every_revision
def test_init_with_a_gic_is_enodev_then_enxio_then_done(wanted: Revision) -> None:
    machine = Machine(wanted).ready().gic(initialise=False)
    assert machine.set(INIT) == Errno.ENODEV
    assert machine.gic_set(4, 0) == 0
    assert machine.set(INIT) == Errno.ENXIO
    assert machine.set(IRQ) == 0
    assert machine.set(INIT) == 0
    assert machine.set(INIT) == Errno.EBUSY


@every_revision
def test_init_enodev_for_the_gic_wins_over_a_bad_spi(wanted: Revision) -> None:
    machine = Machine(wanted).ready().gic(initialise=False)
    assert machine.set(IRQ, integer(1019)) == 0
    assert machine.set(INIT) == Errno.ENODEV


@every_revision
@pytest.mark.parametrize(
    ("irqs", "spi", "errno"),
    [
        (64, 63, 0),
        (64, 64, Errno.EINVAL),
        (64, 1000, Errno.EINVAL),
        (992, 991, 0),
        (None, 255, 0),
        (None, 256, Errno.EINVAL),
    ],
)
def test_init_refuses_an_spi_that_the_gic_does_not_have(
    irqs: int | None, spi: int, errno: int, wanted: Revision
) -> None:
    machine = Machine(wanted).ready().gic(initialise=False)
    if irqs is not None:
        assert machine.gic_set(3, 0, irqs) == 0
    assert machine.gic_set(4, 0) == 0
    assert machine.set(IRQ, integer(spi)) == 0
    assert machine.set(INIT) == errno


@every_revision
def test_a_vcpu_with_an_spi_beyond_the_gic_has_no_way_out(wanted: Revision) -> None:
    # Contract 2.14b, C2.
    machine = Machine(wanted).ready().gic(initialise=False)
    assert machine.gic_set(3, 0, 64) == 0
    assert machine.gic_set(4, 0) == 0
    assert machine.set(IRQ, integer(1000)) == 0
    assert machine.set(INIT) == Errno.EINVAL
    assert machine.set(IRQ, integer(40)) == Errno.EBUSY
    assert machine.set(IRQ) == Errno.EINVAL
    if wanted > PRE:
        assert machine.run().errno == Errno.EINVAL


# FILTER.


@every_revision
@pytest.mark.parametrize(
    ("addr", "errno"),
    [
        (FAULT, Errno.EFAULT),
        (NULL, Errno.EFAULT),
        (filters(1023, 2, 0), Errno.EINVAL),
        (filters(1024, 1, 0), Errno.EINVAL),
        (filters(1025, 0, 0), Errno.EINVAL),
        (filters(65535, 65535, 0), Errno.EINVAL),
        (filters(0, 1, 2), Errno.EINVAL),
        (filters(0, 0, 255), Errno.EINVAL),
        (filters(1024, 0, 0), 0),
        (filters(1023, 1, 1), 0),
        (filters(0, 1024, 0), 0),
        (DENY_NOTHING, 0),
    ],
)
def test_a_filter_is_a_readable_range_of_events_with_a_known_action(
    addr: Addr, errno: int, wanted: Revision
) -> None:
    assert Machine(wanted).ready().set(FILTER, addr) == errno


@every_revision
@pytest.mark.parametrize(
    ("addr", "errno"),
    [(FAULT, Errno.EFAULT), (filters(0, 1, 2), Errno.EINVAL), (DENY_NOTHING, Errno.EBUSY)],
)
def test_after_a_run_a_filter_is_efault_then_einval_then_ebusy_since_5_18(
    addr: Addr, errno: int, wanted: Revision
) -> None:
    machine = Machine(wanted).ready(2).start()
    late = errno == Errno.EBUSY and wanted not in PER_VM
    assert machine.set(FILTER, addr, on="vcpu1") == (0 if late else errno)


@every_revision
def test_filters_may_be_added_through_any_vcpu(wanted: Revision) -> None:
    machine = Machine(wanted).ready(2)
    assert machine.set(FILTER, filters(0x11, 1, 0)) == 0
    assert machine.set(FILTER, filters(0x08, 1, 1), on="vcpu1") == 0


@pytest.mark.parametrize("wanted", PER_VM, ids=str)
@pytest.mark.parametrize("bad", [FAULT, filters(0, 1, 2)], ids=["unreadable", "bad action"])
def test_a_refused_filter_is_none(bad: Addr, wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    assert machine.set(FILTER, bad) != 0
    for number in (8, 9):
        assert machine.set(SET_PMU, integer(number)) == 0


@pytest.mark.parametrize("wanted", [V1, *PER_VM], ids=str)
def test_a_run_refused_for_want_of_init_does_not_count(wanted: Revision) -> None:
    machine = Machine(wanted).ready()
    assert machine.run().errno == Errno.EINVAL
    assert machine.set(FILTER) == 0
    assert machine.set(SET_PMU) == 0


@every_revision
def test_without_the_feature_there_is_nothing_to_initialise(wanted: Revision) -> None:
    machine = Machine(wanted).vm()
    assert machine.init("vcpu0", PSCI) == 0
    assert [machine.set(attr) for attr in (IRQ, INIT, FILTER)] == [Errno.ENODEV] * 3
