"""Kernels with one bug: the model, with its answer or state changed after each call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.data import topology
from pytest_kvmpmu.model import State
from pytest_kvmpmu.model.state import Vcpu, Vm
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome

Spoil = Callable[[State, Call, Outcome], tuple[State, Outcome]]


class Broken(ModelBackend):
    """The model with a bug."""

    name = "broken"

    def __init__(self, spoil: Spoil, kernel: str | None = None) -> None:
        super().__init__(topology.load("rockpro64"), kernel)
        self.spoil = spoil

    def _step(self, state: State, call: Call) -> tuple[State, Outcome]:
        state, outcome = super()._step(state, call)
        return self.spoil(state, call, outcome)


def with_object(state: State, name: str, value: Vm | Vcpu) -> State:
    """The state with another object of that name."""
    return State({**state.objects, name: value})


def all_have_run(state: State) -> State:
    """The state with a run in each VM."""
    for name, found in state.objects.items():
        if isinstance(found, Vm):
            state = with_object(state, name, found._replace(has_run=True))
    return state


def has_sets_irq(state: State, call: Call, outcome: Outcome) -> tuple[State, Outcome]:
    """HAS changes the vCPU."""
    found = state.objects.get(call.on)
    if call.ioctl == "KVM_HAS_DEVICE_ATTR" and isinstance(found, Vcpu):
        state = with_object(state, call.on, found._replace(pmu_created=True))
    return state, outcome


def refusal_counts_as_run(state: State, call: Call, outcome: Outcome) -> tuple[State, Outcome]:
    """A refused SET has an effect."""
    if call.ioctl == "KVM_SET_DEVICE_ATTR" and outcome.ret < 0:
        state = all_have_run(state)
    return state, outcome


def run_of_one_is_run_of_all(state: State, call: Call, outcome: Outcome) -> tuple[State, Outcome]:
    """VMs share state that they must not share."""
    if call.ioctl == "KVM_RUN" and outcome.ret == 0:
        state = all_have_run(state)
    return state, outcome


class Forgiving:
    """A refused call succeeds when it is repeated at once."""

    def __init__(self) -> None:
        self._last: Call | None = None

    def __call__(self, state: State, call: Call, outcome: Outcome) -> tuple[State, Outcome]:
        again = call == self._last and outcome.ret < 0
        self._last = call
        return state, Outcome(0) if again else outcome


def second_of_a_kind(state: State, call: Call, outcome: Outcome) -> tuple[State, Outcome]:
    """The third VM of a world can't have an interrupt for its PMU."""
    vms = [name for name, found in state.objects.items() if isinstance(found, Vm)]
    found = state.objects.get(call.on)
    if isinstance(found, Vcpu) and found.vm in vms[2:] and call.args.get("attr") == 0:
        outcome = Outcome(-1, 5)
    return state, outcome


def wrong_cpu_in_fail_entry(state: State, call: Call, outcome: Outcome) -> tuple[State, Outcome]:
    """The CPU of a failed entry is off by one."""
    if outcome.exit and outcome.exit.fail_entry and outcome.exit.fail_entry.cpu is not None:
        wrong = replace(outcome.exit.fail_entry, cpu=outcome.exit.fail_entry.cpu + 1)
        outcome = replace(outcome, exit=replace(outcome.exit, fail_entry=wrong))
    return state, outcome


def right(state: State, call: Call, outcome: Outcome) -> tuple[State, Outcome]:
    """Nothing is wrong."""
    return state, outcome
