"""Calls issued at once, from threads of their own."""

from __future__ import annotations

import threading

import pytest

from pytest_kvmpmu.agent.lane import CannotIssue
from pytest_kvmpmu.agent.race import at_once
from pytest_kvmpmu.agent.world import World
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome

from .fake_kernel import FakeKernel, with_vcpu


def test_all_start_when_all_are_ready() -> None:
    ready: list[int] = []
    seen: list[int] = []

    def call(lane: int) -> Outcome:
        seen.append(len(ready))
        return Outcome(lane)

    runners = [
        ((lambda lane=lane: ready.append(lane)), (lambda lane=lane: call(lane)))
        for lane in range(4)
    ]
    assert at_once(runners) == [Outcome(lane) for lane in range(4)]
    assert seen == [4] * 4


def test_one_that_can_not_be_made_ready_stops_all_with_its_own_reason() -> None:
    issued: list[int] = []

    def refuse() -> None:
        raise CannotIssue("CPU 77 cannot be used here")

    def call() -> Outcome:
        issued.append(1)
        return Outcome(0)

    with pytest.raises(CannotIssue, match="CPU 77"):
        at_once([(lambda: None, call), (refuse, call), (lambda: None, call)])
    assert issued == []


def test_a_worlds_race_gives_the_outcomes_in_the_order_of_the_calls(
    here: World, kernel: FakeKernel
) -> None:
    with_vcpu(here)
    threads: list[int] = []

    def answer(arg: int) -> tuple[int, int]:
        threads.append(threading.get_ident())
        return (0, 0) if arg == 2 else (-1, Errno.EINVAL)

    kernel.answers["KVM_CHECK_EXTENSION"] = answer
    calls = [Call.make("KVM_CHECK_EXTENSION", "kvm", cpu, cap=cpu) for cpu in (1, 2)]
    assert here.race(calls, 1.0) == [Outcome(-1, Errno.EINVAL), Outcome(0)]
    assert len({*threads, threading.get_ident()}) == 3
    assert sorted(map(sorted, kernel.affinity)) == [[0], [1], [2]]
