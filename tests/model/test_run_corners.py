"""States in which every KVM_RUN fails (contract 2.14 and 2.14b).

The model need not cover them, but then it must say so: a wrong answer is worse than none.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.model import NotModelled
from pytest_kvmpmu.uapi.errno import Errno

from .machine import (
    DIST,
    INIT,
    IRQ,
    PRE,
    REVISIONS,
    Machine,
    every_revision,
    integer,
)


def errno_if_modelled(call: Callable[[], int | None], otherwise: int) -> int | None:
    """The errno of the call; ``otherwise`` if the model does not cover it."""
    try:
        return call()
    except NotModelled:
        return otherwise


@every_revision
def test_a_gic_made_after_init_leaves_a_vcpu_that_never_runs(wanted: Revision) -> None:
    # C1: its interrupt is not set, and can no longer be set.
    machine = Machine(wanted).ready()
    assert machine.set(INIT) == 0
    machine.gic().load()
    assert machine.set(IRQ) == Errno.EBUSY
    assert errno_if_modelled(lambda: machine.run().errno, Errno.EINVAL) == Errno.EINVAL


@every_revision
@pytest.mark.parametrize("order", [(2, 3), (3, 2)], ids=["distributor first", "last"])
def test_distributor_and_redistributors_at_one_address_never_run(
    order: tuple[int, int], wanted: Revision
) -> None:
    machine = Machine(wanted).vm()
    assert machine.init("vcpu0", 2) == 0
    machine.gic(initialise=False, bases=False).load()
    assert machine.gic_set(0, order[0], DIST) == 0
    if errno_if_modelled(lambda: machine.gic_set(0, order[1], DIST), Errno.EINVAL) == 0:
        assert machine.gic_set(4, 0) == 0
        assert errno_if_modelled(lambda: machine.run().errno, Errno.EINVAL) == Errno.EINVAL


@every_revision
@pytest.mark.parametrize("timer", [27, 30], ids=["virtual", "physical"])
def test_a_pmu_on_a_timers_interrupt_never_runs(timer: int, wanted: Revision) -> None:
    machine = Machine(wanted).ready().gic().load()
    assert machine.set(IRQ, integer(timer)) == 0
    assert machine.set(INIT) == 0
    assert errno_if_modelled(lambda: machine.run().errno, Errno.EINVAL) == Errno.EINVAL


@pytest.mark.parametrize("wanted", [r for r in REVISIONS if r > PRE], ids=str)
@pytest.mark.parametrize("timer", [27, 30], ids=["virtual", "physical"])
def test_after_a_run_refused_for_want_of_init_the_timers_have_their_interrupts(
    timer: int, wanted: Revision
) -> None:
    # Contract 2.9: the refusal comes after the timers' set-up.
    machine = Machine(wanted).ready().gic().load()
    assert machine.run().errno == Errno.EINVAL
    assert machine.set(IRQ, integer(timer)) == 0
    assert errno_if_modelled(lambda: machine.set(INIT), Errno.EEXIST) == Errno.EEXIST
