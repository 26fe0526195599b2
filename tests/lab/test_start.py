"""Which boards the lab can boot."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import core_of, start
from pytest_kvmpmu.lab.start import check_board

from .conftest import BOARD, LINE

FOR_THE_MODEL = [name for name in topology.names() if name not in topology.lab_names()]


@pytest.mark.parametrize(
    "host",
    [*map(topology.load, FOR_THE_MODEL), replace(BOARD, gics=(5,))],
    ids=lambda host: host.name,
)
def test_a_board_for_the_model_is_refused(host: Host, tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=f"{host.name} is a board for the model only"):
        start(LINE, host, cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", topology.lab_names())
def test_a_board_of_the_lab_can_boot(name: str) -> None:
    host = topology.load(name)
    assert check_board(host, core_of(host)).name == name


def test_a_board_that_a_line_cannot_be_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=f"protected mode, which {LINE} does not have"):
        start(LINE, replace(BOARD, protected=True), cache_dir=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_pmu_without_compatible_is_refused(tmp_path: Path) -> None:
    nameless = replace(BOARD.pmus[0], compatible="")
    with pytest.raises(UsageProblem, match="has no compatible"):
        start(LINE, replace(BOARD, pmus=(nameless,)), cache_dir=tmp_path)
