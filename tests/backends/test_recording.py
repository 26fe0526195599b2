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
