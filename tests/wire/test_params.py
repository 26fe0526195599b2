"""Types of parameters: what each takes, what it refuses, and how it is written."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.uapi.constants import PMU_ATTRS, VCPU_FEATURES
from pytest_kvmpmu.wire.params import (
    FAULT,
    NULL,
    Addr,
    BadCall,
    Bits,
    Choice,
    Flag,
    Name,
    Number,
    Pointer,
)

ATTR, FEATURES, WORD = Number(names=PMU_ATTRS), Bits(VCPU_FEATURES), Choice(("a", "b"))
FILTER = {"base_event": 1, "nevents": 2, "action": 1}


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        (ATTR, 3, 3),
        (ATTR, "KVM_ARM_VCPU_PMU_V3_SET_PMU", 3),
        (ATTR, 2**32 - 1, 2**32 - 1),
        (FEATURES, ["KVM_ARM_VCPU_PMU_V3", 0], frozenset({0, 3})),
        (FEATURES, frozenset({223}), frozenset({223})),
        (Flag(), True, True),
        (WORD, "b", "b"),
        (Name(), "cycle-counter", "cycle-counter"),
        (Name(), None, None),
        (Pointer(), "fault", FAULT),
        (Pointer(), "null", NULL),
        (Pointer(), {"int": -1}, Addr("int", (-1,))),
        (Pointer(), {"kvm_pmu_event_filter": FILTER}, Addr("kvm_pmu_event_filter", (1, 2, 1))),
        (Pointer(), Addr("u64", (7,)), Addr("u64", (7,))),
    ],
)
def test_a_value_is_taken(kind: Any, given: Any, value: Any) -> None:
    assert kind.parse(given, "key") == value


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        (ATTR, -1, "-1 is not within 0 and 4294967295"),
        (ATTR, True, "True is neither a whole number nor a kernel name"),
        (ATTR, "KVM_NONSENSE", "'KVM_NONSENSE' is neither"),
        (ATTR, 1.0, "1.0 is neither"),
        (FEATURES, 3, "3 is not a list of bit numbers"),
        (FEATURES, [224], "224 is not within 0 and 223"),
        (Flag(), 1, "1 is neither true nor false"),
        (WORD, "c", "'c' is not one of a, b"),
        (Name(), "../etc", "'../etc' is not a payload name"),
        (Name(), "", "'' is not a payload name"),
        (Pointer(), "nowhere", 'is neither "fault", "null" nor'),
        (Pointer(), {"int": 1, "u32": 1}, "is neither"),
        (Pointer(), {"int": 2**31}, "2147483648 is not within"),
        (Pointer(), {"kvm_pmu_event_filter": {}}, "has the members base_event, nevents, action"),
    ],
)
def test_what_is_no_value_is_refused_with_the_key(kind: Any, given: Any, says: str) -> None:
    with pytest.raises(BadCall) as caught:
        kind.parse(given, "key")
    assert str(caught.value).startswith("key")
    assert says in str(caught.value)


def test_numbers_are_written_by_name_where_that_is_asked_for() -> None:
    assert ATTR.dump(3, names=True) == "KVM_ARM_VCPU_PMU_V3_SET_PMU"
    assert ATTR.dump(3, names=False) == 3
    assert ATTR.dump(99, names=True) == 99
    assert FEATURES.dump(frozenset({3, 0}), names=True) == [
        "KVM_ARM_VCPU_POWER_OFF",
        "KVM_ARM_VCPU_PMU_V3",
    ]
    assert FEATURES.dump(frozenset({3, 0}), names=False) == [0, 3]


@pytest.mark.parametrize(
    ("addr", "written", "memory"),
    [
        (FAULT, "fault", b""),
        (NULL, "null", b""),
        (Addr("int", (-2,)), {"int": -2}, b"\xfe\xff\xff\xff"),
        (Addr("u64", (1,)), {"u64": 1}, b"\1\0\0\0\0\0\0\0"),
        (
            Addr("kvm_pmu_event_filter", (1, 2, 1)),
            {"kvm_pmu_event_filter": FILTER},
            b"\1\0\2\0\1\0\0\0",
        ),
    ],
)
def test_memory_behind_a_pointer_is_written_by_its_type(
    addr: Addr, written: Any, memory: bytes
) -> None:
    assert Pointer().dump(addr) == written
    assert addr.memory == memory
