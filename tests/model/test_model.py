"""The model is a function of its arguments: no sequence of calls shows otherwise."""

from __future__ import annotations

import contextlib
import copy
import functools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_kvmpmu import model
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.model import NotModelled, State
from pytest_kvmpmu.model.state import Vcpu, Vm
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome
from pytest_kvmpmu.wire.params import FAULT

from ..wire.strategies import calls
from .machine import BARE, DIST, GAP, GOOD, HOSTS, REDIST, REVISIONS, Machine, integer

ALL_HOSTS = (*HOSTS, GAP, BARE)
VCPUS = st.sampled_from(["vcpu0", "vcpu1"])


def on_vcpu(ioctl: str, **args: st.SearchStrategy[Any]) -> st.SearchStrategy[Call]:
    return st.builds(Call.make, st.just(ioctl), VCPUS, st.integers(0, 5), **args)


def gic(group: int, attr: int, value: int | None) -> Call:
    addr: dict[str, Any] = {} if value is None else {"addr": {"u64": value}}
    return Call.make("KVM_SET_DEVICE_ATTR", "dev0", 0, group=group, attr=attr, **addr)


# The calls of a VM's life: often in a good order, never in a fixed one.
moves = st.one_of(
    st.sampled_from(
        [
            Call.make("KVM_CREATE_VCPU", "vm0", 0, "vcpu1", id=1),
            Call.make("KVM_CREATE_DEVICE", "vm0", 0, "dev0", type=7),
            Call.make("KVM_SET_USER_MEMORY_REGION", "vm0", 0, payload="cycle-counter"),
            gic(0, 2, DIST),
            gic(0, 3, REDIST),
            gic(4, 0, None),
        ]
    ),
    on_vcpu("KVM_ARM_VCPU_INIT", target=st.just(5), features=st.sampled_from([[2], [2, 3], [3]])),
    on_vcpu("KVM_RUN", immediate_exit=st.booleans()),
    st.sampled_from(sorted(GOOD)).flatmap(
        lambda attr: on_vcpu(
            "KVM_SET_DEVICE_ATTR",
            group=st.just(0),
            attr=st.just(attr),
            addr=st.sampled_from([GOOD[attr], GOOD[attr], FAULT]),
        )
    ),
    on_vcpu(
        "KVM_SET_DEVICE_ATTR",
        group=st.just(0),
        attr=st.just(3),
        addr=st.sampled_from([integer(8), integer(9), integer(10)]),
    ),
    on_vcpu("KVM_HAS_DEVICE_ATTR", group=st.just(0), attr=st.integers(0, 4)),
)
lives = st.lists(moves, min_size=1, max_size=30)


@functools.cache
def begun(wanted: Revision, host: Host) -> State:
    """A VM with one vCPU."""
    return Machine(wanted, host).vm().state


@functools.cache
def furnished(wanted: Revision) -> State:
    """The same with a PMU and a GIC, on the first host."""
    return Machine(wanted).ready().gic().state


def step(state: State, call: Call, host: Host, wanted: Revision) -> tuple[State, Outcome | None]:
    try:
        return model.step(state, call, host, wanted)
    except NotModelled:
        return state, None


# One search for all three properties, since they use the same sequences.
@pytest.mark.parametrize("wanted", REVISIONS, ids=str)
@settings(max_examples=60)
@given(host=st.sampled_from(ALL_HOSTS), life=lives)
def test_a_life_can_be_lived_again_forgets_nothing_and_is_answered_in_form(
    wanted: Revision, host: Host, life: list[Call]
) -> None:
    state = begun(wanted, host)
    for call in life:
        before = copy.deepcopy(state)
        after, outcome = step(state, call, host, wanted)
        assert step(before, call, host, wanted) == (after, outcome)
        assert state == before
        forgets_nothing(state, after)
        if outcome is not None:
            in_form(outcome, call)
        state = after


def forgets_nothing(before: State, after: State) -> None:
    """The model keeps the state that the kernel always keeps."""
    for name, old in before.objects.items():
        new = after.objects[name]
        if isinstance(old, Vm) and isinstance(new, Vm):
            assert new.has_run >= old.has_run
            assert new.vgic_initialized >= old.vgic_initialized
            assert new.filters[: len(old.filters)] == old.filters
            assert old.irqchip in (None, new.irqchip)
            assert old.pmu is None or new.pmu is not None
        elif isinstance(old, Vcpu) and isinstance(new, Vcpu):
            assert new.pmu_created >= old.pmu_created
            assert new.has_run >= old.has_run
            assert old.irq in (None, new.irq)


def in_form(outcome: Outcome, call: Call) -> None:
    """An outcome is a number, or -1 with an errno; only a run has an exit."""
    assert (outcome.ret == -1) == (outcome.errno is not None)
    assert outcome.ret >= -1
    assert (outcome.exit is not None) <= (call.ioctl == "KVM_RUN")


@pytest.mark.parametrize("wanted", REVISIONS, ids=str)
@given(call=calls())
def test_any_call_is_answered_or_not_modelled(wanted: Revision, call: Call) -> None:
    objects = {"vm": "vm0", "vcpu": "vcpu0", "dev": "dev0", "kvm": "kvm"}
    kind = next(kind for kind in ("vcpu", "kvm", "dev", "vm") if call.on.startswith(kind))
    here = Call(call.ioctl, objects[kind], 0, call.args, call.new)
    with contextlib.suppress(NotModelled):
        _, outcome = model.step(furnished(wanted), here, HOSTS[0], wanted)
        assert Outcome.from_json(outcome.to_json()) == outcome
