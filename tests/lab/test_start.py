"""Boards that the lab can't boot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import start

from .conftest import BOARD, LINE


@pytest.mark.parametrize(
    "host",
    [
        topology.load("half-without-pmuv3"),
        topology.load("armv8-1"),
        topology.load("gicv5"),
        replace(BOARD, protected=True),
    ],
    ids=lambda host: host.name,
)
def test_a_board_for_the_model_is_refused(host: Host, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=f"{host.name} is a board for the model only"):
        start(LINE, host, cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_pmu_without_compatible_is_refused(tmp_path: Path) -> None:
    nameless = replace(BOARD.pmus[0], compatible="")
    with pytest.raises(UsageProblem, match="has no compatible"):
        start(LINE, replace(BOARD, pmus=(nameless,)), cache_dir=tmp_path)
