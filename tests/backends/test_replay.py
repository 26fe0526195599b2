"""A replay answers what was recorded, and names what was not."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from pytest_kvmpmu.backends.recording import RecordingBackend
from pytest_kvmpmu.backends.replay import ReplayBackend
from pytest_kvmpmu.data.revision import revision
from pytest_kvmpmu.errors import BackendFailure, UsageProblem
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome

from .conftest import Recorder

ONE, OTHER = "test_it.py::test_one", "test_it.py::test_other"
VM = Call.make("KVM_CREATE_VM", "kvm", 0, "vm0")


BAD = Call.make("KVM_CREATE_VM", "kvm", 0, "vm1", type=1)


VCPU = Call.make("KVM_CREATE_VCPU", "vm0", 0, "vcpu0", id=0)


TWIN = Call.make("KVM_CREATE_VCPU", "vm0", 1, "vcpu1", id=0)


def each_way(backend: RecordingBackend | ReplayBackend) -> list[Sequence[Outcome]]:
    """Every way to issue calls, in two tests."""
    backend.begin(ONE)
    world = backend.world()
    said = [world.execute([VM, BAD, VCPU], until_refused=True), world.execute([VCPU])]
    backend.begin(OTHER)
    said += backend.apart([[VM, VCPU], [], [BAD, VM]], 0.5)
    world = backend.world()
    return [*said, world.execute([VM]), world.race([VCPU, TWIN], 0.5)]


def test_a_replay_says_what_was_said(recorded: Recorder) -> None:
    said: list[list[Sequence[Outcome]]] = []
    replay = recorded(lambda backend: said.append(each_way(backend)))
    assert [each_way(replay), each_way(replay)] == said * 2
    assert len(said[0][0]) == 2  # no outcome after the refusal
    assert said[0][-1] == [Outcome(0), Outcome(-1, Errno.EEXIST)]
    replay.close()


def test_the_batches_of_a_replay_may_be_others(recorded: Recorder) -> None:
    def script(backend: RecordingBackend) -> None:
        backend.begin(ONE)
        backend.world().execute([VM, VCPU])

    replay = recorded(script)
    replay.begin(ONE)
    world = replay.world()
    assert world.execute([VM]) + world.execute([VCPU]) == [Outcome(0), Outcome(0)]


def one_world(backend: RecordingBackend) -> None:
    backend.begin(ONE)
    world = backend.world()
    world.execute([VM])
    world.race([VCPU, TWIN])


def fails(replay: ReplayBackend, script: Callable[[ReplayBackend], object]) -> str:
    with pytest.raises(BackendFailure) as caught:
        script(replay)
    assert str(replay.recording.path) in str(caught.value)
    return str(caught.value)


def test_another_call_is_named_with_the_recorded_one_and_its_line(recorded: Recorder) -> None:
    replay = recorded(one_world)
    replay.begin(ONE)
    world = replay.world()
    said = fails(replay, lambda _: world.execute([BAD]))
    assert f", line 3: {ONE} issued " in said
    assert '"new": "vm0"}; now it issues {' in said
    assert '"new": "vm1", "type": 1}; record it again with --kvmpmu-record' in said


def test_calls_at_once_are_not_calls_one_by_one(recorded: Recorder) -> None:
    replay = recorded(one_world)
    replay.begin(ONE)
    world = replay.world()
    assert "line 3" in fails(replay, lambda _: world.race([VM]))
    world.execute([VM])
    assert "line 4" in fails(replay, lambda _: world.execute([VCPU]))
    assert "} at once; now it issues" in fails(replay, lambda _: world.race([TWIN, VCPU]))


def test_the_end_of_a_world_is_named(recorded: Recorder) -> None:
    def script(backend: RecordingBackend) -> None:
        one_world(backend)
        backend.world()

    replay = recorded(script)
    replay.begin(ONE)
    world, empty = replay.world(), replay.world()
    world.execute([VM])
    world.race([VCPU, TWIN])
    assert f"line 4: {ONE} ended here; now it issues" in fails(
        replay, lambda _: world.execute([VM])
    )
    assert f"line 5: {ONE} ended here" in fails(replay, lambda _: empty.execute([VM]))
    assert f"line 5: this is the last world of {ONE}" in fails(replay, lambda r: r.world())


def test_a_test_that_is_not_there_is_named(recorded: Recorder) -> None:
    replay = recorded(one_world)
    replay.begin(OTHER)
    assert f"has no calls of {OTHER}" in fails(replay, lambda r: r.world())


def test_without_a_test_there_is_nothing_to_replay(recorded: Recorder) -> None:
    with pytest.raises(UsageProblem, match="is a recording, which answers only"):
        recorded(one_world).world()


def test_a_revision_can_be_asked_for(recorded: Recorder) -> None:
    path = recorded(one_world).recording.path
    assert ReplayBackend(path, "series-v1").revision == revision("series-v1")
