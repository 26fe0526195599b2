"""When two Outcomes of one Call count as the same."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.model.compare import Answers, disagreement
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Exit, FailEntry, Mmio, Outcome
from pytest_kvmpmu.wire.params import FAULT, Addr

RUN = Call.make("KVM_RUN", "vcpu0", 0)
PMCR = Call.make("KVM_GET_ONE_REG", "vcpu0", 0, id=k.PMCR_EL0)
DFR0 = Call.make("KVM_GET_ONE_REG", "vcpu0", 0, id=k.ID_AA64DFR0_EL1)
OTHER = Call.make("KVM_GET_ONE_REG", "vcpu0", 0, id=1)
TARGET = Call.make("KVM_ARM_PREFERRED_TARGET", "vm0", 0)
REPORT = 0x0A00_0000


def stored(value: int, at: int = REPORT) -> Outcome:
    return Outcome(0, exit=Exit(k.KVM_EXIT_MMIO, mmio=Mmio(at, 8, True, value)))


def failed(cpu: int | None) -> Outcome:
    return Outcome(0, exit=Exit(k.KVM_EXIT_FAIL_ENTRY, FailEntry(1, cpu)))


@pytest.mark.parametrize(
    ("call", "one", "other"),
    [
        (RUN, stored(10_000), stored(4096)),
        (RUN, stored(10_000), stored(2**40)),
        (RUN, stored(6), stored(6)),
        (PMCR, Outcome(0, out={"value": 6 << 11}), Outcome(0, out={"value": 6 << 11 | 0x41})),
        (DFR0, Outcome(0, out={"value": 0x100}), Outcome(0, out={"value": 0x1030_5106})),
        (TARGET, Outcome(0, out={"target": 5}), Outcome(0, out={"target": 2})),
        (RUN, Outcome(-1, Errno.EINVAL), Outcome(-1, Errno.EINVAL)),
    ],
)
def test_what_no_interface_promises_is_passed_over(
    call: Call, one: Outcome, other: Outcome
) -> None:
    assert disagreement(call, one, other) == disagreement(call, other, one) == ""


@pytest.mark.parametrize(
    ("call", "one", "other"),
    [
        (RUN, stored(10_000), stored(0)),
        (RUN, stored(10_000), stored(31)),
        (RUN, stored(6), stored(5)),
        (RUN, stored(10_000), stored(10_000, REPORT + 8)),
        (RUN, stored(1 << 25, REPORT + 0x808), stored(1 << 26, REPORT + 0x808)),
        (RUN, failed(4), failed(5)),
        (RUN, failed(4), failed(None)),
        (PMCR, Outcome(0, out={"value": 6 << 11}), Outcome(0, out={"value": 5 << 11})),
        (DFR0, Outcome(0, out={"value": 0x100}), Outcome(0, out={"value": 0x400})),
        (OTHER, Outcome(0, out={"value": 0}), Outcome(0, out={"value": 1})),
        (TARGET, Outcome(0, out={"target": 5}), Outcome(-1, Errno.ENODEV)),
        (RUN, Outcome(-1, Errno.EINVAL), Outcome(-1, Errno.ENXIO)),
        (RUN, Outcome(0), Outcome(0, timed_out=True)),
    ],
)
def test_everything_else_is_a_disagreement(call: Call, one: Outcome, other: Outcome) -> None:
    said = disagreement(call, one, other)
    assert said.startswith("expected {")
    assert ", found {" in said


def written(value: int) -> Call:
    addr = Addr("u64", (value,))
    return Call.make("KVM_SET_ONE_REG", "vcpu0", 0, id=k.ID_AA64DFR0_EL1, addr=addr)


def init(target: int) -> Call:
    return Call.make("KVM_ARM_VCPU_INIT", "vcpu0", 0, target=target, features=())


ANSWERS = (
    Answers()
    .updated(TARGET, Outcome(0, out={"target": 1, "features": []}))
    .updated(DFR0, Outcome(0, out={"value": 0x1030_5106}))
)


def test_what_a_kernel_tells_is_kept() -> None:
    assert Answers(1, 0x1030_5006) == ANSWERS
    for call, outcome in (
        (TARGET, Outcome(-1, Errno.EFAULT)),
        (DFR0, Outcome(-1, Errno.ENOEXEC)),
        (OTHER, Outcome(0, out={"value": 7})),
    ):
        assert ANSWERS.updated(call, outcome) == ANSWERS


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        (init(1), init(5)),
        (init(5), init(1)),
        (init(3), init(3)),
        (written(0x1030_5406), written(0x400)),
        (written(0x1030_5106 | 1 << 40), written(0x1030_5106 | 1 << 40)),
        (written(0x400), written(0x400)),
        (PMCR, PMCR),
    ],
)
def test_the_model_is_asked_in_its_own_terms(call: Call, asked: Call) -> None:
    assert ANSWERS.for_model(call) == asked


def test_a_bad_pointer_stays_one() -> None:
    call = Call.make("KVM_SET_ONE_REG", "vcpu0", 0, id=k.ID_AA64DFR0_EL1, addr=FAULT)
    assert ANSWERS.for_model(call) == call
