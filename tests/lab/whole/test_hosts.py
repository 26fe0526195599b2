"""Hosts of other kinds, booted: what the agent reports is what the board says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.lab import lines, start

from ..conftest import A53, A72, BOARD, LINE

pytestmark = pytest.mark.lab

_OFF = replace(A72, cpus=frozenset(), offline=A72.cpus)
# A GICv2, and the second CPU offline: all of a PMU.
HALF = Host("half", (0,), (A53, _OFF), gics=(2,), offline=A72.cpus)
# The second CPU is never brought up; no vGIC.
QUARTER = replace(HALF, name="quarter", gics=(), protected=True, maxcpus=1)
WITHOUT_VGIC = next(line.name for line in lines.lines() if line.no_vgic)


@pytest.mark.parametrize(
    ("line", "host"), [(LINE, HALF), (WITHOUT_VGIC, QUARTER)], ids=["GICv2", "no vGIC"]
)
def test_a_host_boots_as_its_board_says(line: str, host: Host, cold: Path) -> None:
    with start(line, host, cache_dir=cold) as vm:
        found = vm.describe(20)
    assert (found["cpus"], found["present"], found["online"]) == ([0], "0-1", "0")
    assert tuple(found["gics"]) == host.gics
    assert found["protected"] == host.protected
    shown = [(pmu["name"], pmu["cpus"]) for pmu in found["pmus"]]
    registered = host.booted().pmus
    assert shown == [(pmu.name, str(*pmu.covers)) for pmu in registered]
    assert len(registered) < len(BOARD.pmus) or host.maxcpus is None
