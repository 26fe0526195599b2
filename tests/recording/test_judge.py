"""Checking a recording against the model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.recording.judge import disagreements
from pytest_kvmpmu.recording.reader import read

from .samples import FIRST, VCPU, VM, lines_of, record, rewrite

Json = dict[str, Any]
REFUSED = {"ret": -1, "errno": "EINVAL"}
EXISTS = {"ret": -1, "errno": "EEXIST"}
BUSY = {"ret": -1, "errno": "EBUSY"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return record(tmp_path / "run.jsonl")


def judged(path: Path) -> list[str]:
    return list(disagreements(read(path)))


def judge(path: Path, *steps: Json) -> list[str]:
    """The judgement of one world with these steps."""
    header = lines_of(path)[0]
    calls = sum(len(step.get("at_once") or step.get("calls") or [step]) for step in steps)
    body = [{"world": 1, "test": FIRST}, *({"world": 1, **step} for step in steps)]
    end = {"end": {"worlds": 1, "calls": calls, "sha256": ""}}
    return judged(rewrite(path.with_name("one.jsonl"), [header, *body, end]))


def test_the_model_agrees_with_itself(path: Path) -> None:
    assert judged(path) == []


def test_another_outcome_is_named_with_its_line_and_test(path: Path) -> None:
    lines = lines_of(path)
    lines[4]["outcome"] = {**REFUSED, "exit": {"reason": "KVM_EXIT_UNKNOWN"}}
    (said,) = judged(rewrite(path, lines))
    assert said.startswith("run.jsonl, line 5: KVM_RUN on vcpu0 from CPU 0: expected ")
    assert said.endswith(f"(in {FIRST})")


def done(call: Json, **outcome: Any) -> Json:
    return {"call": call, "outcome": {"ret": 0, **outcome}}


MADE = [done(VM.to_json()), done(VCPU.to_json())]
WANTED = {"call": "KVM_ARM_PREFERRED_TARGET", "on": "vm0", "cpu": 0}


def init(target: int, **outcome: Any) -> Json:
    call = {"call": "KVM_ARM_VCPU_INIT", "on": "vcpu0", "cpu": 0}
    return done({**call, "target": target, "features": [2, 3]}, **outcome)


def test_a_kernels_own_target_stands_for_the_models(path: Path) -> None:
    told = done(WANTED, out={"target": 1, "features": []})
    assert judge(path, *MADE, told, init(1)) == []
    assert judge(path, *MADE, told, init(5, **REFUSED)) == []
    assert len(judge(path, *MADE, told, init(5))) == 1
    assert judge(path, *MADE, init(5)) == []


def test_a_failure_is_a_disagreement(path: Path) -> None:
    (said,) = judge(path, {"calls": [VM.to_json()], "failure": "the agent has ended"})
    assert "line 3: no outcome: the agent has ended" in said


def test_what_the_model_does_not_cover_is_a_disagreement(path: Path) -> None:
    call = {"call": "KVM_CHECK_EXTENSION", "on": "kvm", "cpu": 0, "cap": "KVM_CAP_ONE_REG"}
    (said,) = judge(path, done(call))
    assert "the model does not cover" in said


def vcpu(name: str, **outcome: Any) -> Json:
    call = {"call": "KVM_CREATE_VCPU", "on": "vm0", "cpu": 0, "new": name, "id": 0}
    return done(call, **outcome)


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [({}, EXISTS, 0), (EXISTS, {}, 0), ({}, {}, 1), (EXISTS, EXISTS, 1)],
)
def test_calls_at_once_may_have_taken_effect_in_any_order(
    first: Json, second: Json, count: int, path: Path
) -> None:
    both = {"at_once": [vcpu("vcpu0", **first), vcpu("vcpu1", **second)]}
    assert len(judge(path, MADE[0], both)) == count


def attr(number: int, addr: Json, **outcome: Any) -> Json:
    call = {"call": "KVM_SET_DEVICE_ATTR", "on": "vcpu0", "cpu": 0, "group": 0}
    return done({**call, "attr": number, "addr": addr}, **outcome)


@pytest.mark.parametrize(
    ("little", "big", "count"), [({}, BUSY, 0), (BUSY, {}, 0), (BUSY, BUSY, 1), ({}, {}, 1)]
)
def test_what_follows_may_show_which_call_was_the_last(
    little: Json, big: Json, count: int, path: Path
) -> None:
    both = {"at_once": [attr(3, {"int": 8}), attr(3, {"int": 9})]}
    denied = attr(2, {"kvm_pmu_event_filter": {"base_event": 0, "nevents": 1, "action": 1}})
    # With a filter the PMU can't change.
    after = [attr(3, {"int": 8}, **little), attr(3, {"int": 9}, **big)]
    assert len(judge(path, *MADE, init(5), both, denied, *after)) == count
