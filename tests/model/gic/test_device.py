"""What the vGICs share in the model: interrupts, control, frames."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.data.gic import GICS
from pytest_kvmpmu.model.gic.device import wraps
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

from ..machine import LITTLE_FIRST, MERGED, Machine

NR_IRQS, CTRL = 3, 4


@pytest.fixture(params=[2, 3], ids=["GICv2", "GICv3"])
def machine(request: pytest.FixtureRequest) -> Machine:
    """A VM with a vGIC ``dev0`` of each kind without any attribute set."""
    host = replace(LITTLE_FIRST, gics=(request.param,))
    made = Machine(MERGED, host).vm()
    device = GICS[request.param].device
    assert made("KVM_CREATE_DEVICE", "vm0", "dev0", type=device) == 0
    return made


@pytest.mark.parametrize(
    ("number", "errno"),
    [
        (FAULT, Errno.EFAULT),
        (NULL, Errno.EFAULT),
        (32, Errno.EINVAL),
        (65, Errno.EINVAL),
        (1024, Errno.EINVAL),
        (64, 0),
        (992, 0),
    ],
)
def test_a_number_of_interrupts_is_read_then_checked_then_kept(
    machine: Machine, number: int | Addr, errno: int
) -> None:
    assert machine.gic_set(NR_IRQS, 0, number) == errno
    assert machine.gic_set(NR_IRQS, 0, 96) == (0 if errno else Errno.EBUSY)
    assert machine.gic_set(NR_IRQS, 0, 65) == Errno.EINVAL


def test_only_init_is_a_control_and_it_settles_the_interrupts(machine: Machine) -> None:
    assert machine.gic_set(CTRL, 1) == Errno.ENXIO
    assert machine("KVM_CREATE_VCPU", "vm0", "vcpu1", id=1) == 0
    assert machine.gic_set(CTRL, 0) == machine.gic_set(CTRL, 0) == 0
    assert machine.gic_set(NR_IRQS, 0, 64) == Errno.EBUSY
    assert machine("KVM_CREATE_VCPU", "vm0", "vcpu2", id=2) == Errno.EBUSY


@pytest.mark.parametrize(("base", "reaches"), [(2**64 - 0x2000, False), (2**64 - 0x1000, True)])
def test_a_frame_wraps_if_it_reaches_the_end_of_64_bits(base: int, reaches: bool) -> None:
    assert wraps(base, 0x1000) == reaches
