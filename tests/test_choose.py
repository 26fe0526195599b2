"""The backend that settings ask for; those of other plugins are in test_extensions.py."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.backends import real
from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.choose import make_backend
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.targets.base import Target

from .test_settings import given


def test_an_unknown_target_is_found_when_the_backend_is_made() -> None:
    with pytest.raises(UsageProblem, match="unknown target 'moon'"):
        make_backend(given(backend="real", target="moon"))


@pytest.mark.parametrize(
    ("values", "target", "board"),
    [
        ({}, "local", None),
        ({"topology": "rockpro64"}, "local", "rockpro64"),
        ({"target": "lab:6.12"}, "lab:6.12", "rockpro64"),
        ({"target": "lab:6.12", "topology": "rockpro64-swapped"}, "lab:6.12", "rockpro64-swapped"),
    ],
)
def test_a_real_backend_gets_its_target_bound_and_board(
    values: dict[str, str], target: str, board: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[object, ...]] = []

    def make(where: Target, seconds: float, kernel: str | None, host: Host | None) -> None:
        made.append((where.name, seconds, kernel, host and host.name))

    monkeypatch.setattr(real, "RealBackend", make)
    make_backend(given(backend="real", timeout="3", kernel="6.1", **values))
    assert made == [(target, 3.0, "6.1", board)]


def test_the_model_runs_the_kernel_and_board_of_the_settings() -> None:
    backend = make_backend(given(kernel="6.1.119", topology="one-pmu"))
    assert isinstance(backend, ModelBackend)
    assert (backend.release, backend.host.name) == ("6.1.119", "one-pmu")


def test_a_recording_is_read_from_where_the_options_were_written() -> None:
    with pytest.raises(UsageProblem, match=r"/base/run\.jsonl cannot be read"):
        make_backend(given(backend="replay", target="run.jsonl"))
