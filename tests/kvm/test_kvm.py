"""The handles: one ioctl per method, from the handle's CPU, and errors that say what failed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.errors import BackendFailure
from pytest_kvmpmu.kvm import (
    CallHung,
    GuestFault,
    Kvm,
    KvmError,
    Session,
    UnexpectedExit,
    Vcpu,
)
from pytest_kvmpmu.kvm.expect import refused
from pytest_kvmpmu.uapi.constants import PMCR_EL0
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import Exit, FailEntry, Mmio, Outcome
from pytest_kvmpmu.wire.params import BadCall

from ..fakes import Scripted

REPORT, DONE, FAULT = 0x0A000000, 0x0A000800, 0x0A000808


def store(address: int, value: int, write: bool = True) -> Outcome:
    return Outcome(0, exit=Exit(6, mmio=Mmio(address, 8, write, value)))


def vcpu(*answers: Outcome) -> Vcpu:
    return Vcpu(Session(Scripted(*answers)), "vcpu0", 3, vm="vm0")


@pytest.fixture
def kvm() -> Kvm:
    """A /dev/kvm of the model."""
    return Kvm(Session(ModelBackend(load("rockpro64"), "linux-6.7").world()), "kvm", 0)


def said(kvm: Kvm) -> list[tuple[str, str, int]]:
    """The calls so far: ioctl, object, CPU."""
    return [(call.ioctl, call.on, call.cpu) for call, _ in kvm.session.record]


def test_what_a_handle_makes_is_issued_from_its_cpu(kvm: Kvm) -> None:
    vm = kvm.create_vm().on(4)
    vm.create_vcpu(0).init_with_pmu()
    assert said(kvm) == [
        ("KVM_CREATE_VM", "kvm", 0),
        ("KVM_CREATE_VCPU", "vm0", 4),
        ("KVM_ARM_PREFERRED_TARGET", "vm0", 4),
        ("KVM_ARM_VCPU_INIT", "vcpu0", 4),
    ]


def test_on_is_the_same_object_from_another_cpu_and_changes_nothing(kvm: Kvm) -> None:
    vm = kvm.create_vm()
    assert vm.on(4) == dataclasses.replace(vm, cpu=4)
    assert vm.cpu == 0


def test_the_same_call_is_one_object_and_another_type_is_another_call(kvm: Kvm) -> None:
    for _ in range(2):
        kvm.check_extension("KVM_CAP_ARM_PMU_V3")
    first, again = (call for call, _ in kvm.session.record)
    assert first is again
    kvm.attempt("KVM_CREATE_VM", new="vm0", type=1)
    with pytest.raises(BadCall, match="type: True is neither a whole number"):
        kvm.create_vm(True)


def test_an_argument_without_a_hash_is_taken(kvm: Kvm) -> None:
    vcpu = kvm.create_vm().create_vcpu(0)
    vcpu.call("KVM_ARM_VCPU_INIT", target=5, features=[2])
    assert vcpu.session.record[-1][0].args["features"] == {2}


def test_objects_are_numbered_by_kind(kvm: Kvm) -> None:
    first, second = kvm.create_vm(), kvm.create_vm()
    assert [first.name, second.name] == ["vm0", "vm1"]
    assert [vm.create_vcpu(0).name for vm in (first, second)] == ["vcpu0", "vcpu1"]
    assert first.create_gic().name == "dev0"


def test_a_refused_creation_uses_its_name_up(kvm: Kvm) -> None:
    vm = kvm.create_vm()
    vm.create_vcpu(0)
    with refused(Errno.EEXIST):
        vm.create_vcpu(0)
    assert vm.create_vcpu(1).name == "vcpu2"


def test_a_capability_is_its_value(kvm: Kvm) -> None:
    assert kvm.check_extension("KVM_CAP_ARM_PMU_V3") == 1
    vm = kvm.create_vm()
    assert vm.check_extension("KVM_CAP_ARM_PMU_V3") == 1
    assert vm.preferred_target() == 5


def test_the_standard_guest_counts(kvm: Kvm) -> None:
    vm = kvm.create_vm()
    guest = vm.create_vcpu(0)
    guest.init_with_pmu()
    gic = vm.create_gic()
    guest.set_irq(23)
    assert guest.get_attr(0, 0) == 23
    guest.has_pmu_attr(3)
    guest.set_filter(0, 0, 1)
    guest.set_pmu(load("rockpro64").pmus[0])
    guest.init_pmu()
    vm.load("cycle-counter")
    reads = guest.run_payload("cycle-counter")
    assert 0 < reads["first"] < reads["second"]
    gic.require_attr(4, 0)


def test_a_refused_call_says_what_failed_where_and_why(kvm: Kvm) -> None:
    guest = kvm.create_vm().create_vcpu(0).on(2)
    with pytest.raises(KvmError) as caught:
        guest.set_pmu(8)
    assert str(caught.value) == (
        "KVM_SET_DEVICE_ATTR(KVM_ARM_VCPU_PMU_V3_SET_PMU) on vcpu0 from CPU 2:"
        " ENODEV (No such device)"
    )
    assert caught.value.errno is Errno.ENODEV
    assert caught.value.call == kvm.session.record[-1][0]
    assert caught.value.outcome == Outcome(-1, Errno.ENODEV)


def test_an_errno_without_a_name_is_its_number() -> None:
    with pytest.raises(KvmError, match=r"^KVM_RUN on vcpu0 from CPU 3: E133$") as caught:
        vcpu(Outcome(-1, 133, exit=Exit(0))).run()
    assert caught.value.errno == 133


def test_a_call_that_was_interrupted_is_told_and_recorded() -> None:
    outcome = Outcome(-1, Errno.EINTR, exit=Exit(10), timed_out=True)
    guest = vcpu(outcome)
    with pytest.raises(CallHung, match="KVM_RUN on vcpu0 from CPU 3 did not return in time"):
        guest.run()
    assert [answer for _, answer in guest.session.record] == [outcome]


def test_a_call_without_an_answer_is_recorded_as_such() -> None:
    guest = vcpu()
    with pytest.raises(BackendFailure):
        guest.run()
    ((call, answer),) = guest.session.record
    assert (call.ioctl, answer) == ("KVM_RUN", None)


def test_a_payloads_stores_are_its_fields() -> None:
    guest = vcpu(store(REPORT + 8, 7), store(REPORT, 5), store(DONE, 0))
    assert guest.run_payload("cycle-counter") == {"second": 7, "first": 5}


@pytest.mark.parametrize(
    ("outcome", "says"),
    [
        (Outcome(0, exit=Exit(9, FailEntry(1, 4))), "KVM_EXIT_FAIL_ENTRY: "),
        (Outcome(0, exit=Exit(99)), "returned with 99: "),
        (Outcome(0, exit=Exit(6)), "KVM_EXIT_MMIO: "),
        (store(REPORT, 0, write=False), "is_write=False"),
    ],
    ids=["fail entry", "unknown", "no mmio", "load"],
)
def test_another_exit_than_the_payloads_stores_is_told(outcome: Outcome, says: str) -> None:
    with pytest.raises(UnexpectedExit) as caught:
        vcpu(outcome).run_payload("cycle-counter")
    assert says in str(caught.value)
    assert caught.value.exit == outcome.exit


@pytest.mark.parametrize(
    ("address", "says"),
    [
        (FAULT, "the payload cycle-counter took an exception: ESR_EL1 is 0x2000000"),
        (0x1234, "the payload cycle-counter stored 0x2000000 to 0x1234"),
    ],
)
def test_a_store_that_the_payload_should_not_make_is_told(address: int, says: str) -> None:
    with pytest.raises(GuestFault) as caught:
        vcpu(store(address, 1 << 25)).run_payload("cycle-counter")
    assert str(caught.value) == says


def test_a_handle_may_have_a_bound_of_its_own() -> None:
    world = Scripted(*[Outcome(0, exit=Exit(0))] * 3)
    guest = Vcpu(Session(world), "vcpu0", 3, vm="vm0")
    guest.within(0.5).run()
    guest.within(0.5).on(4).run()
    guest.run()
    assert world.bounds == [0.5, 0.5, None]


def test_an_attempt_gives_a_refusal_as_an_outcome(kvm: Kvm) -> None:
    guest = kvm.create_vm().create_vcpu(0)
    outcome = guest.attempt("KVM_RUN")
    assert outcome == Outcome(-1, Errno.ENOEXEC, exit=Exit(0))
    assert kvm.attempt("KVM_GET_API_VERSION") == Outcome(12)


def test_registers_are_read_and_written(kvm: Kvm) -> None:
    guest = kvm.create_vm().create_vcpu(0)
    guest.init_with_pmu()
    guest.set_register(PMCR_EL0, 2 << 11)
    assert guest.get_register(PMCR_EL0) >> 11 == 2


def ask(guest: Vcpu) -> Callable[[], Exit]:
    return guest.run


def test_a_refusal_that_was_expected_is_none() -> None:
    run = ask(vcpu(Outcome(-1, Errno.EINVAL, exit=Exit(0))))
    with refused(Errno.EINVAL):
        run()


def test_another_refusal_than_expected_is_a_failure_that_names_both() -> None:
    run = ask(vcpu(Outcome(-1, Errno.EINVAL, exit=Exit(0))))
    with (
        pytest.raises(AssertionError, match=r"^expected ENXIO, got KVM_RUN .*: EINVAL \("),
        refused(Errno.ENXIO),
    ):
        run()


def test_success_where_a_refusal_was_expected_is_a_failure() -> None:
    run = ask(vcpu(Outcome(0, exit=Exit(0))))
    with (
        pytest.raises(AssertionError, match=r"^expected ENXIO, but the call succeeded$"),
        refused(Errno.ENXIO),
    ):
        run()
