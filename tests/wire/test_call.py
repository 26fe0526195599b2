"""Calls: checked when made, and one JSON form."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import MOST_CPU, SIGNATURES, Call, kind_of
from pytest_kvmpmu.wire.params import Addr, BadCall

from .strategies import calls

INIT = {"call": "KVM_ARM_VCPU_INIT", "on": "vcpu0", "cpu": 3, "target": 5, "features": [3]}
SET = {"call": "KVM_SET_DEVICE_ATTR", "on": "vcpu0", "cpu": 0, "group": 0, "attr": 3}
RUN = {"call": "KVM_RUN", "on": "vcpu0", "cpu": 0}
VM = {"call": "KVM_CREATE_VM", "on": "kvm", "cpu": 0, "new": "vm0"}
REGION = {"call": "KVM_SET_USER_MEMORY_REGION", "on": "vm0", "cpu": 0}
FILTER = {"base_event": 0, "nevents": 1, "action": 0}


@given(calls())
def test_every_call_survives_its_json_form(call: Call) -> None:
    assert Call.from_json(json.loads(json.dumps(call.to_json()))) == call


@given(calls())
def test_a_call_in_json_is_a_call_when_its_numbers_have_names_and_when_not(call: Call) -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: plain(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [plain(inner) for inner in value]
        return k.ABI_NAMES.get(value, value) if isinstance(value, str) else value

    assert Call.from_json(plain(call.to_json())) == call
    assert plain(call.to_json()) == call.to_json(names=False)


def test_arguments_left_out_get_their_defaults() -> None:
    call = Call.from_json(RUN)
    assert call.args == {"immediate_exit": False, "arg": 0}
    assert call == Call.make("KVM_RUN", "vcpu0", 0, immediate_exit=False, arg=0)


def test_json_leaves_defaults_out_and_writes_the_cpu() -> None:
    assert Call.make("KVM_RUN", "vcpu0", 0, immediate_exit=False).to_json() == RUN


def test_json_says_the_kernels_names() -> None:
    call = Call.make("KVM_SET_DEVICE_ATTR", "vcpu0", 3, group=0, attr=3, addr=Addr("int", (8,)))
    assert call.to_json() == {
        "call": "KVM_SET_DEVICE_ATTR",
        "on": "vcpu0",
        "cpu": 3,
        "group": "KVM_ARM_VCPU_PMU_V3_CTRL",
        "attr": "KVM_ARM_VCPU_PMU_V3_SET_PMU",
        "addr": {"int": 8},
    }
    assert Call.from_json(INIT).to_json() == {
        **INIT,
        "target": "KVM_ARM_TARGET_GENERIC_V8",
        "features": ["KVM_ARM_VCPU_PMU_V3"],
    }


def test_a_devices_attribute_has_the_devices_names() -> None:
    call = Call.make("KVM_SET_DEVICE_ATTR", "dev0", 0, group=0, attr=2)
    said = call.to_json()
    assert (said["group"], said["attr"]) == (
        "KVM_DEV_ARM_VGIC_GRP_ADDR",
        "KVM_VGIC_V3_ADDR_TYPE_DIST",
    )


def test_a_number_without_a_name_stays_a_number() -> None:
    call = Call.make("KVM_SET_DEVICE_ATTR", "vcpu0", 0, group=77, attr=2**64 - 1)
    assert (call.to_json()["group"], call.to_json()["attr"]) == (77, 2**64 - 1)


def test_a_filter_is_written_by_its_members() -> None:
    addr = Addr("kvm_pmu_event_filter", (1, 2, 0))
    call = Call.make("KVM_SET_DEVICE_ATTR", "vcpu0", 0, group=0, attr=2, addr=addr)
    assert call.to_json()["addr"] == {
        "kvm_pmu_event_filter": {"base_event": 1, "nevents": 2, "action": 0}
    }


@pytest.mark.parametrize(
    ("value", "key", "says"),
    [
        ([], "call", "a call is a JSON object"),
        ("KVM_RUN", "call", "a call is a JSON object"),
        (None, "call", "a call is a JSON object"),
        ({"on": "vcpu0", "cpu": 0}, "call", "needs the key 'call'"),
        ({"call": "KVM_RUN", "cpu": 0}, "on", "needs the key 'on'"),
        ({"call": "KVM_RUN", "on": "vcpu0"}, "cpu", "needs the key 'cpu'"),
        ({**RUN, "call": "KVM_WALK"}, "call", "'KVM_WALK' is not known; known: KVM_"),
        ({**RUN, "call": 7}, "call", "7 is not the name of an ioctl"),
        ({**RUN, "call": ["KVM_RUN"]}, "call", "is not the name of an ioctl"),
        ({**RUN, "on": "vm0"}, "on", "KVM_RUN is issued on vcpu, not on 'vm0'"),
        ({**RUN, "on": "vcpu01"}, "on", "not on 'vcpu01'"),
        ({**RUN, "on": "vcpu0\n"}, "on", "not on 'vcpu0\\n'"),
        ({**RUN, "on": 0}, "on", "not on 0"),
        ({**SET, "on": "vm0"}, "on", "vcpu or dev, not on 'vm0'"),
        ({**RUN, "cpu": -1}, "cpu", "-1 is not a CPU number"),
        ({**RUN, "cpu": MOST_CPU + 1}, "cpu", "4096 is not a CPU number"),
        ({**RUN, "cpu": True}, "cpu", "True is not a CPU number"),
        ({**RUN, "cpu": "0"}, "cpu", "'0' is not a CPU number"),
        ({**RUN, "cpu": 0.0}, "cpu", "0.0 is not a CPU number"),
        ({**RUN, "new": "vcpu1"}, "new", "KVM_RUN does not make an object"),
        ({**VM, "new": None}, "new", "like vm0, not None"),
        ({**VM, "new": "vcpu0"}, "new", "like vm0, not 'vcpu0'"),
        ({**VM, "new": 0}, "new", "like vm0, not 0"),
        ({**RUN, "speed": 3}, "speed", "no argument 'speed'; it has: immediate_exit, arg"),
        ({**RUN, "ioctl": 3}, "ioctl", "no argument 'ioctl'"),
        ({**RUN, "cls": 3}, "cls", "no argument 'cls'"),
        ({**RUN, "immediate_exit": 1}, "immediate_exit", "1 is neither true nor false"),
        ({**RUN, "arg": -1}, "arg", "-1 is not within 0 and"),
        ({**RUN, "arg": 2**64}, "arg", "is not within 0 and"),
        ({**RUN, "arg": True}, "arg", "True is neither a whole number nor a kernel name"),
        ({**RUN, "arg": 1.5}, "arg", "1.5 is neither a whole number"),
        ({**RUN, "arg": "KVM_NONSENSE"}, "arg", "'KVM_NONSENSE' is neither"),
        ({key: INIT[key] for key in INIT if key != "target"}, "target", "needs the argument"),
        ({**INIT, "features": 3}, "features", "3 is not a list of bit numbers"),
        ({**INIT, "features": "KVM_ARM_VCPU_PMU_V3"}, "features", "is not a list of bit numbers"),
        ({**INIT, "features": [224]}, "features", "224 is not within 0 and 223"),
        ({**INIT, "features": [[3]]}, "features", "[3] is neither a whole number"),
        ({**INIT, "argp": "maybe"}, "argp", "'maybe' is not one of valid, fault"),
        ({**INIT, "argp": ["fault"]}, "argp", "is not one of valid, fault"),
        ({**REGION, "payload": "../etc"}, "payload", "'../etc' is not a payload name"),
        ({**REGION, "payload": 3}, "payload", "3 is not a payload name"),
        ({**REGION, "payload": "a\n"}, "payload", "is not a payload name"),
        ({**REGION, "memory_size": 2**28 + 1}, "memory_size", "is not within"),
        ({**SET, "attr": 2**64}, "attr", "is not within"),
        ({**SET, "addr": 8}, "addr", '8 is neither "fault", "null" nor {TYPE: VALUE}'),
        ({**SET, "addr": None}, "addr", "None is neither"),
        ({**SET, "addr": {}}, "addr", "{} is neither"),
        ({**SET, "addr": {"long": 8}}, "addr", "TYPE one of int, u32, u64"),
        ({**SET, "addr": {"int": 8, "u32": 8}}, "addr", "is neither"),
        ({**SET, "addr": {"int": 2**31}}, "addr.int", "2147483648 is not within"),
        ({**SET, "addr": {"int": None}}, "addr.int", "None is neither a whole number"),
        ({**SET, "addr": {"u32": -1}}, "addr.u32", "-1 is not within"),
        ({**SET, "addr": {"kvm_pmu_event_filter": 1}}, "addr", "members base_event, nevents"),
        (
            {**SET, "addr": {"kvm_pmu_event_filter": {"base_event": 0, "nevents": 1}}},
            "addr",
            "members base_event, nevents, action",
        ),
        (
            {**SET, "addr": {"kvm_pmu_event_filter": {**FILTER, "nevents": 65536}}},
            "addr.nevents",
            "65536 is not within 0 and 65535",
        ),
    ],
)
def test_what_is_no_call_is_refused_in_a_sentence_that_names_the_key(
    value: Any, key: str, says: str
) -> None:
    with pytest.raises(BadCall) as caught:
        Call.from_json(value)
    message = str(caught.value)
    assert key in message
    assert says in message
    assert not message.endswith(".")
    assert "\n" not in message


def test_an_unchecked_addr_is_checked_by_make() -> None:
    with pytest.raises(BadCall, match="addr"):
        Call.make("KVM_SET_DEVICE_ATTR", "vcpu0", 0, group=0, attr=3, addr=Addr("int"))


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["call", "on", "cpu", "attr"]), inner)
        ),
    )
)
def test_no_json_value_breaks_the_reader(value: Any) -> None:
    with pytest.raises(BadCall):
        Call.from_json(value)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("kvm", "kvm"),
        ("vm0", "vm"),
        ("vcpu10", "vcpu"),
        ("dev1", "dev"),
        ("kvm0", None),
        ("vm", None),
        ("vm-1", None),
        ("", None),
        ("vm0 ", None),
        ("Vm0", None),
        ("vm٣", None),
    ],
)
def test_an_object_is_named_by_kind_and_number(name: str, kind: str | None) -> None:
    assert kind_of(name) == kind


def test_the_table_has_every_request_number() -> None:
    from pytest_kvmpmu.uapi.ioctl import REQUESTS

    assert set(REQUESTS) - set(SIGNATURES) == {"KVM_GET_VCPU_MMAP_SIZE"}
    assert set(SIGNATURES) <= set(REQUESTS)


def test_a_number_that_is_a_member_of_an_enum_is_a_number() -> None:
    # Such a member cannot be sent to another process of a test run.
    call = Call.make("KVM_CREATE_VCPU", "vm0", 0, "vcpu0", id=Errno.EINTR)
    assert type(call.args["id"]) is int
