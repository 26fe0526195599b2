"""`check_backend`: the shipped backends keep their promises, and each broken one is caught."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.backends.base import Backend
from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.backends.real import RealBackend
from pytest_kvmpmu.backends.recording import RecordingBackend
from pytest_kvmpmu.backends.replay import ReplayBackend
from pytest_kvmpmu.data import topology
from pytest_kvmpmu.data.revision import REVISIONS
from pytest_kvmpmu.errors import BackendFailure
from pytest_kvmpmu.recording.writer import Writer
from pytest_kvmpmu.testing import BrokenPromises, check_backend
from pytest_kvmpmu.testing.promises import PROMISES
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.frame import encode

from ..fakes import FakeTarget, describing
from . import broken as wrong

ROCKPRO64 = topology.load("rockpro64")


@pytest.mark.parametrize("kernel", [known.name for known in REVISIONS])
def test_the_model_keeps_its_promises_in_each_revision(kernel: str) -> None:
    check_backend(lambda: ModelBackend(ROCKPRO64, kernel))


@pytest.mark.parametrize("name", topology.names())
def test_the_model_keeps_its_promises_on_each_host(name: str) -> None:
    check_backend(lambda: ModelBackend(topology.load(name)))


class ModelBehindALink:
    """Answers an agent's requests from the model."""

    def __init__(self) -> None:
        self.backend = ModelBackend(ROCKPRO64, "6.12")
        self.number = 0
        self.world = self.backend.world()
        self.calls: list[Call] = []

    def __call__(self, request: dict[str, Any]) -> Sequence[bytes]:
        found: list[list[dict[str, Any]]] = []
        answer: dict[str, Any] = {"outcomes": found}
        self.calls[request["first"] :] = map(Call.from_json, request["calls"])
        for number, order in enumerate(request["orders"], request["world"]):
            if number != self.number:
                self.number, self.world = number, self.backend.world()
            calls = [self.calls[number] for number in order]
            try:
                outcomes = self.world.execute(calls, request.get("until_refused", False))
            except BackendFailure as failure:
                found.append([])
                return [encode({**answer, "crash": str(failure)})]
            found.append([outcome.to_json() for outcome in outcomes])
        return [encode(answer)]


def test_a_real_backend_keeps_its_promises_behind_a_link() -> None:
    check_backend(lambda: RealBackend(FakeTarget(describing(ModelBehindALink())), 10.0))


def test_a_recorded_backend_and_its_replay_keep_their_promises(tmp_path: Path) -> None:
    path = tmp_path / "promises.jsonl"

    class Recorded(RecordingBackend):
        def __init__(self) -> None:
            self.writer = Writer(path)
            super().__init__(ModelBackend(ROCKPRO64), self.writer)

        def close(self) -> None:
            super().close()
            if not path.exists():
                self.writer.finish()

    check_backend(Recorded)
    check_backend(lambda: ReplayBackend(path))


@pytest.mark.lab
def test_a_kernel_in_the_lab_keeps_the_promises(tmp_path: Path) -> None:
    from pytest_kvmpmu.targets.lab import LabTarget

    check_backend(lambda: RealBackend(LabTarget("6.12", ROCKPRO64), 10.0, board=ROCKPRO64))


# The broken backends, and the promise that finds each.

DESCRIBES = "name, release, revision and notes describe it"
HOST = "host and hardware list the CPUs and PMUs"
ANSWERS = "a call gives an Outcome"
EACH_CPU = "calls can be issued from each CPU of the host"
REFUSAL = "a refused call is an Outcome with -1 and its errno"
ORDER = "each call has one Outcome, in order"
NO_CALLS = "without calls there are no Outcomes"
UNTIL = "until_refused ends with the first refusal"
KEEPS = "a world keeps the objects that its calls make"
AFRESH = "a new world has no objects but kvm"
WRITTEN = "what the kernel wrote is in out and exit"
JSON = "an Outcome is the same after its JSON form"
RACE = "a race's Outcomes are in the order of its calls"
APART = "apart() gives each sequence a fresh world"
LATE = "a call that takes too long is interrupted and marked"
FAILS = "a call that can't be issued is a BackendFailure, and the next world works"
CLOSE = "close() releases everything"
AGAIN = "close() may be called again"

CASES: list[tuple[str, Callable[[], Any], str, str]] = [
    ("no name", wrong.facts(name=""), DESCRIBES, "its name is ''"),
    ("no release", wrong.facts(release=None), DESCRIBES, "its release is None"),
    ("revision as text", wrong.facts(revision="5.18"), DESCRIBES, "its revision is '5.18'"),
    ("notes as text", wrong.facts(notes="one"), DESCRIBES, "its notes are 'one'"),
    ("notes of two lines", wrong.facts(notes=("a\nb",)), DESCRIBES, "its notes are"),
    *[
        (f"host {number}", wrong.facts(host=host), HOST, says)
        for number, (says, host) in enumerate(wrong.wrong_hosts())
    ],
    ("hardware as text", wrong.facts(hardware="rockpro64"), HOST, "its hardware is 'rockpro64'"),
    (
        "less hardware",
        wrong.facts(hardware=topology.load("one-pmu")),
        HOST,
        "hardware lacks: ['armv8_cort",
    ),
    ("dictionaries", wrong.each(wrong.as_dicts), ANSWERS, "{'ret': 12}, not an Outcome"),
    ("one CPU", wrong.on_world(wrong.first_cpu_only), EACH_CPU, "the backend has one CPU"),
    ("an exception for a refusal", wrong.each(wrong.refused_raises), REFUSAL, "it raises KvmError"),
    ("-EINVAL", wrong.each(wrong.refused_as_negative), REFUSAL, '{"ret": -22}'),
    ("last first", wrong.on_world(wrong.last_first), ORDER, "good, refused, refused gives"),
    ("the last dropped", wrong.on_world(wrong.drops_the_last), ORDER, "gives"),
    ("stops unasked", wrong.on_world(wrong.always_stops), ORDER, "gives"),
    ("None for nothing", wrong.on_world(wrong.none_for_nothing), NO_CALLS, "None, not a list"),
    ("goes on", wrong.on_world(wrong.never_stops), UNTIL, "with until_refused gives"),
    ("the refused dropped", wrong.on_world(wrong.leaves_the_refused_out), UNTIL, "gives"),
    ("forgetful", wrong.Forgetful, KEEPS, "in a later execute()"),
    ("one world", wrong.OneWorld, AFRESH, "on the VM of the one before"),
    ("no out", wrong.each(wrong.without_out), WRITTEN, "without target and features"),
    ("no exit", wrong.each(wrong.without_exit), WRITTEN, "without exit"),
    ("no errno", wrong.each(wrong.without_errno), JSON, "whose errno does not fit"),
    ("bytes", wrong.each(wrong.no_json), JSON, "not JSON serializable"),
    ("race sorted", wrong.RaceInAnyOrder, RACE, "race(good, refused, refused)"),
    ("race without bound", wrong.RaceWithoutBound, RACE, "it raises TypeError"),
    ("apart in one world", wrong.ApartInOneWorld, APART, "sequence 2 of 4"),
    ("apart in one list", wrong.ApartInOneList, APART, "four sequences give"),
    ("apart lazily", wrong.ApartLazily, APART, "it raises TypeError"),
    ("unmarked", wrong.each(wrong.unmarked), LATE, "KVM_RUN of a vCPU that is off"),
    ("a hang as failure", wrong.each(wrong.hang_is_a_failure), LATE, "it hung"),
    ("any CPU", wrong.on_world(wrong.any_cpu_will_do), FAILS, "which does not exist, gives"),
    ("AssertionError", wrong.on_world(wrong.absent_cpu_is_an_assertion), FAILS, "no such CPU"),
    ("lost", wrong.LostAfterAFailure, FAILS, "it raises BackendFailure: gone"),
    ("close fails", wrong.CloseFails, CLOSE, "it is stuck"),
    ("close once", wrong.CloseOnceOnly, AGAIN, "it was closed"),
    ("a thread", lambda: wrong.Leaves(wrong.a_thread), CLOSE, "the thread forgotten"),
    ("a file", lambda: wrong.Leaves(wrong.a_file), CLOSE, "the open file"),
    ("a process", lambda: wrong.Leaves(wrong.a_process), CLOSE, "the process"),
]


@pytest.mark.parametrize(
    ("make", "promise", "says"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_a_broken_promise_is_caught_and_said(
    make: Callable[[], Backend], promise: str, says: str
) -> None:
    try:
        with pytest.raises(BrokenPromises) as caught:
            check_backend(make)
    finally:
        wrong.Leaves.let_go()
    assert promise in caught.value.broken
    assert says in caught.value.broken[promise]
    assert f"- {promise}: {caught.value.broken[promise]}" in str(caught.value)


def test_each_promise_is_broken_by_one_of_these() -> None:
    assert {case[2] for case in CASES} == {p.what for p in PROMISES} | {CLOSE, AGAIN}
