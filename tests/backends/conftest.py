"""Recordings of what the model does, to be replayed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.backends.recording import RecordingBackend
from pytest_kvmpmu.backends.replay import ReplayBackend
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.recording.writer import Writer

HOST = load("rockpro64")


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
