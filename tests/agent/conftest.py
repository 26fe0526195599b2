"""A World on a fake kernel."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kvmpmu.agent import syscall, world
from pytest_kvmpmu.support.resources import fixtures_dir

from .fake_kernel import FakeKernel


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> FakeKernel:
    """The fake kernel, installed."""
    fake = FakeKernel()
    real_open = os.open

    def open_(path: Any, flags: int, *more: Any, **others: Any) -> int:
        return fake.fd() if path == "/dev/kvm" else real_open(path, flags, *more, **others)

    monkeypatch.setattr(os, "open", open_)
    monkeypatch.setattr(os, "sched_setaffinity", fake.sched_setaffinity)
    monkeypatch.setattr(syscall, "ioctl", fake.ioctl)
    monkeypatch.setattr(syscall, "bounded_ioctl", fake.bounded_ioctl)
    return fake


@pytest.fixture
def here(kernel: FakeKernel) -> Iterator[world.World]:
    """A world on the fake kernel, with the shipped payloads."""
    made = world.World(fixtures_dir() / "payloads")
    yield made
    made.close()
