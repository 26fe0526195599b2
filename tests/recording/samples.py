"""Recordings for tests."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.backends.recording import RecordingBackend
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.recording.writer import Writer
from pytest_kvmpmu.wire.call import Call

HOST = load("rockpro64")
VM = Call.make("KVM_CREATE_VM", "kvm", 0, "vm0")
VCPU = Call.make("KVM_CREATE_VCPU", "vm0", 0, "vcpu0", id=0)
AGAIN = Call.make("KVM_CREATE_VCPU", "vm0", 1, "vcpu1", id=0)
RUN = Call.make("KVM_RUN", "vcpu0", 0)
FIRST, SECOND = "test_it.py::test_one", "test_it.py::test_two"


def record(path: Path, kernel: str = "6.12") -> Path:
    """A recording of two tests on the model; the second has two worlds, and calls at once."""
    writer = Writer(path)
    backend = RecordingBackend(ModelBackend(HOST, kernel), writer)
    backend.begin(FIRST)
    backend.world().execute([VM, VCPU, RUN])
    backend.begin(SECOND)
    backend.world().execute([VM])
    world = backend.world()
    world.execute([VM], seconds=0.5)
    world.race([VCPU, AGAIN])
    writer.finish()
    return path


def lines_of(path: Path) -> list[dict[str, Any]]:
    """The JSON of each line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def rewrite(path: Path, lines: list[dict[str, Any]]) -> Path:
    """Write lines, the last of which is a footer, with the right digest."""
    *body, end = lines
    text = "".join(json.dumps(line) + "\n" for line in body)
    end["end"]["sha256"] = hashlib.sha256(text.encode()).hexdigest()
    path.write_text(text + json.dumps(end) + "\n", encoding="utf-8")
    return path
