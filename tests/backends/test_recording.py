"""A recorded backend answers as without recording, and so does its recording."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.backends.base import PerTest
from pytest_kvmpmu.backends.real import RealBackend
from pytest_kvmpmu.backends.recording import RecordingBackend
from pytest_kvmpmu.backends.replay import ReplayBackend
from pytest_kvmpmu.data.revision import revision
from pytest_kvmpmu.errors import BackendFailure
from pytest_kvmpmu.recording.reader import read
from pytest_kvmpmu.recording.writer import Writer
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.frame import encode

from ..fakes import FakeTarget, describing
from .conftest import HOST, Recorder
from .test_replay import ONE, VM

ABSENT = Call.make("KVM_CREATE_VM", "kvm", 6, "vm0")
Recorder = Callable[..., ReplayBackend]


@pytest.fixture
def recorded(tmp_path: Path) -> Callable[[Callable[[RecordingBackend], None]], ReplayBackend]:
    """``recorded(script)``: the replay of a recording of ``script`` on the model."""

    def make(script: Callable[[RecordingBackend], None]) -> ReplayBackend:
        writer = Writer(tmp_path / "run.jsonl")
        backend = RecordingBackend(ModelBackend(HOST, "6.12.1"), writer, "somewhere")
        script(backend)
        backend.close()
        writer.finish()
        return ReplayBackend(writer.path)

    return make


def test_it_is_the_backend_to_look_at(recorded: Recorder) -> None:
    def script(backend: RecordingBackend) -> None:
        assert isinstance(backend, PerTest)
        assert (backend.name, backend.release) == ("model", "6.12.1")

    replay = recorded(script)
    assert isinstance(replay, PerTest)
    assert (replay.name, replay.release, replay.host) == ("replay", "6.12.1", HOST)
    assert replay.revision == revision("linux-6.7")
    (note,) = replay.notes
    assert note.startswith("recorded 20")
    assert note.endswith(" from backend model on somewhere")


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


def failing(backend: RecordingBackend | ReplayBackend) -> None:
    """Every way to fail."""
    backend.begin(ONE)
    world = backend.world()
    world.execute([VM])
    for issue in (world.execute, world.race):
        with pytest.raises(BackendFailure, match="CPU 6 cannot be used here"):
            issue([ABSENT, VM])
    with pytest.raises(BackendFailure, match="CPU 6 cannot be used here"):
        backend.apart([[ABSENT]])


def test_a_failure_is_recorded_and_replayed(recorded: Recorder) -> None:
    replay = recorded(failing)
    failing(replay)
    steps = [step for world in replay.recording.worlds for step in world.steps]
    assert [len(step.calls) for step in steps if step.failure] == [2, 2, 1]


def test_the_whole_board_of_a_real_kernel_is_in_the_header(tmp_path: Path) -> None:
    target = FakeTarget(describing(lambda _: [encode({"outcomes": [[{"ret": 12}]]})]))
    writer = Writer(tmp_path / "run.jsonl")
    with_board = RecordingBackend(RealBackend(target, 1.0, board=HOST), writer, "lab:6.12")
    with_board.begin(ONE)
    with_board.world().execute([Call.make("KVM_GET_API_VERSION", "kvm", 0)])
    writer.finish()
    with_board.close()
    assert target.closed == 1
    header = read(writer.path).header
    assert (header.backend, header.target, header.release) == ("real", "lab:6.12", "6.12.0-test")
    assert [(pmu.type, pmu.counters) for pmu in header.host.pmus] == [(9, 6), (10, 6)]
