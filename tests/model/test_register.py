"""PMCR_EL0 and other registers in the model (contract 2.12)."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.model import NotModelled
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.params import FAULT, Addr

from .machine import AT_INIT, REVISIONS, Machine
from .test_pmu_attr_counters import HOST, n, since_6_7, write_n


@since_6_7
def test_userspace_lowers_the_number_until_the_vm_ran_and_a_bad_one_is_passed_over(
    wanted: Revision,
) -> None:
    machine = Machine(wanted, HOST).ready()
    assert write_n(machine, 3) == 0
    assert n(machine) == 3
    assert write_n(machine, 5) == 0
    assert n(machine) == 3
    machine.start()
    assert write_n(machine, 2) == 0
    assert n(machine) == 3


@since_6_7
def test_the_number_is_the_vms(wanted: Revision) -> None:
    machine = Machine(wanted, HOST).ready(2)
    assert write_n(machine, 2) == 0
    assert n(machine, "vcpu1") == 2


@pytest.mark.parametrize("wanted", REVISIONS, ids=str)
@pytest.mark.parametrize("ioctl", ["KVM_GET_ONE_REG", "KVM_SET_ONE_REG"])
def test_a_register_is_enoexec_then_efault(ioctl: str, wanted: Revision) -> None:
    machine = Machine(wanted, HOST).vm()
    zero = Addr("u64", (0,))
    assert machine(ioctl, "vcpu0", id=k.PMCR_EL0, addr=zero, argp="fault") == Errno.ENOEXEC
    assert machine.init() == 0
    assert machine(ioctl, "vcpu0", id=k.PMCR_EL0, addr=zero, argp="fault") == Errno.EFAULT
    assert machine(ioctl, "vcpu0", id=k.PMCR_EL0, addr=FAULT) == Errno.EFAULT


@pytest.mark.parametrize("ioctl", ["KVM_GET_ONE_REG", "KVM_SET_ONE_REG"])
def test_other_registers_are_not_modelled(ioctl: str) -> None:
    with pytest.raises(NotModelled, match=ioctl):
        Machine().ready()(ioctl, "vcpu0", id=1, addr=Addr("u64", (0,)))


@pytest.mark.parametrize("wanted", [r for r in REVISIONS if r < AT_INIT], ids=str)
def test_until_6_5_a_fresh_register_is_not_modelled_and_any_value_is_taken(
    wanted: Revision,
) -> None:
    machine = Machine(wanted, HOST).ready()
    with pytest.raises(NotModelled):
        n(machine)
    assert write_n(machine, 31) == 0
