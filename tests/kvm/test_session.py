"""Batches: set-up calls that are sent together."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.kvm import Kvm, KvmError, Session
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome

from ..fakes import Scripted


def ioctls(world: Scripted) -> list[list[str]]:
    """The names of the calls that were sent together."""
    return [[call.ioctl for call in batch] for batch in world.batches]


def test_calls_of_a_batch_go_out_together_in_order() -> None:
    world = Scripted(*[Outcome(0)] * 3)
    session = Session(world)
    with session.batch():
        vm = Kvm(session, "kvm", 0).create_vm()
        vm.create_vcpu(0)
        vm.load("cycle-counter")
        assert world.batches == []
    assert ioctls(world) == [["KVM_CREATE_VM", "KVM_CREATE_VCPU", "KVM_SET_USER_MEMORY_REGION"]]
    assert [outcome for _, outcome in session.record] == [Outcome(0)] * 3


@pytest.mark.parametrize(("bits", "type"), [(36, 36), (39, 39), (40, 0), (48, 0)])
def test_a_vm_is_as_large_as_the_host_allows_up_to_40_bits(bits: int, type: int) -> None:
    session = Session(Scripted(Outcome(0)), Host("h", (0,), (), ipa_bits=bits))
    Kvm(session, "kvm", 0).create_vm()
    assert session.record[0][0].args["type"] == type


def test_a_result_that_is_needed_sends_what_waits_before_it() -> None:
    world = Scripted(Outcome(0), Outcome(0, out={"target": 5, "features": []}), Outcome(0))
    session = Session(world)
    with session.batch():
        vm = Kvm(session, "kvm", 0).create_vm()
        assert vm.preferred_target() == 5
        vm.create_vcpu(0)
    assert ioctls(world) == [["KVM_CREATE_VM", "KVM_ARM_PREFERRED_TARGET"], ["KVM_CREATE_VCPU"]]


def test_a_batch_within_a_batch_is_part_of_it() -> None:
    world = Scripted(*[Outcome(0)] * 5)
    session = Session(world)
    with session.batch():
        Kvm(session, "kvm", 0).create_vm().create_gic()
        assert world.batches == []
    assert [len(batch) for batch in world.batches] == [5]


def test_the_first_refusal_of_a_batch_is_raised_and_the_rest_was_not_issued() -> None:
    world = Scripted(Outcome(0), Outcome(-1, Errno.ENODEV), Outcome(0))
    session = Session(world)

    def make() -> None:
        with session.batch():
            Kvm(session, "kvm", 0).create_vm().create_gic()

    with pytest.raises(KvmError, match=r"^KVM_CREATE_DEVICE on vm0 from CPU 0: ENODEV"):
        make()
    assert [(call.ioctl, outcome) for call, outcome in session.record] == [
        ("KVM_CREATE_VM", Outcome(0)),
        ("KVM_CREATE_DEVICE", Outcome(-1, Errno.ENODEV)),
    ]


def test_a_batch_that_its_own_code_breaks_off_issues_nothing_more() -> None:
    world = Scripted(*[Outcome(0)] * 2)
    session = Session(world)

    def make() -> None:
        with session.batch():
            Kvm(session, "kvm", 0).create_vm()
            raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        make()
    assert world.batches == []
    Kvm(session, "kvm", 0).create_vm()
    assert ioctls(world) == [["KVM_CREATE_VM"]]


def test_an_empty_batch_issues_nothing() -> None:
    world = Scripted()
    with Session(world).batch():
        pass
    assert world.batches == []


def test_calls_at_once_come_after_those_that_wait() -> None:
    world = Scripted(Outcome(0), Outcome(-1, Errno.EINVAL), Outcome(0))
    session = Session(world)
    call = Call.make("KVM_GET_API_VERSION", "kvm", 0)
    with session.batch():
        session.defer(call)
        assert session.race([call, call]) == [Outcome(-1, Errno.EINVAL), Outcome(0)]
    assert [len(batch) for batch in world.batches] == [1, 2]
    assert [outcome for _, outcome in session.record] == [
        Outcome(0),
        Outcome(-1, Errno.EINVAL),
        Outcome(0),
    ]
