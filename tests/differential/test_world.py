"""Building a sequence: which calls are added, and which are skipped."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.revision import NEWEST
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.differential.world import Sequence, Setting
from pytest_kvmpmu.model.compare import Answers
from pytest_kvmpmu.uapi.constants import TARGETS, VCPU_FEATURES

GENERIC = TARGETS["KVM_ARM_TARGET_GENERIC_V8"]
OFF = VCPU_FEATURES["KVM_ARM_VCPU_POWER_OFF"]
HOST = load("rockpro64")


@pytest.fixture
def sequence() -> Sequence:
    """With two VMs, the first with a vCPU."""
    made = Sequence(Setting(HOST, NEWEST, Answers()))
    assert made.add("KVM_CREATE_VM", "kvm", 0, "vm")
    assert made.add("KVM_CREATE_VM", "kvm", 0, "vm")
    assert made.add("KVM_CREATE_VCPU", "vm0", 1, "vcpu", id=0)
    return made


def test_new_objects_are_numbered_by_kind(sequence: Sequence) -> None:
    assert sequence.vms() == ["vm0", "vm1"]
    assert sequence.vcpus() == sequence.vcpus("vm0") == ["vcpu0"]
    assert sequence.vcpus("vm1") == []
    assert sequence.vcpu("vcpu0").vm == "vm0"
    assert not sequence.vm("vm1").has_run


def test_any_number_is_one_of_the_hosts_cpus(sequence: Sequence) -> None:
    sequence.add("KVM_GET_API_VERSION", "kvm", 20)
    assert sequence.calls[-1].cpu == HOST.cpus[20 % len(HOST.cpus)]


def test_a_refused_call_is_part_of_the_sequence(sequence: Sequence) -> None:
    assert not sequence.add("KVM_CREATE_VCPU", "vm0", 0, "vcpu", id=0)
    assert sequence.outcomes[-1].ret == -1
    assert len(sequence.calls) == len(sequence.outcomes) == 4
    assert sequence.vcpus() == ["vcpu0"]


def test_what_the_model_does_not_cover_is_left_out(sequence: Sequence) -> None:
    assert not sequence.add("KVM_CHECK_EXTENSION", "kvm", 0, cap="KVM_CAP_ONE_REG")
    assert len(sequence.calls) == 3
    assert sequence.left_out == {"KVM_CHECK_EXTENSION: not modelled": 1}


def test_what_would_not_return_is_left_out(sequence: Sequence) -> None:
    before = sequence.state
    assert sequence.add("KVM_ARM_VCPU_INIT", "vcpu0", 0, target=GENERIC, features=[OFF])
    assert not sequence.add("KVM_RUN", "vcpu0", 0)
    assert sequence.calls[-1].ioctl == "KVM_ARM_VCPU_INIT"
    assert sequence.left_out == {"KVM_RUN: would not return": 1}
    assert sequence.state != before


def test_the_model_is_asked_with_its_own_target_and_the_kernel_with_its() -> None:
    sequence = Sequence(Setting(HOST, NEWEST, Answers(target=1)))
    sequence.add("KVM_CREATE_VM", "kvm", 0, "vm")
    sequence.add("KVM_CREATE_VCPU", "vm0", 0, "vcpu", id=0)
    assert sequence.add("KVM_ARM_VCPU_INIT", "vcpu0", 0, target=1, features=[])
    assert sequence.calls[-1].args["target"] == 1
