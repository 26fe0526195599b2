"""``kvmpmu lab list --boards``: the boards, and what their kernels reported."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.lab.store.cache import Cache

from ...lab.store.conftest import SNAPSHOT, add, lab, row

FACTS = {
    "kvm": "ok",
    "cpus": [0, 1, 2, 3, 5],
    "pmus": [{"name": "armv8_cortex_a53", "type": 8, "cpus": "0-3"}],
    "gics": [3, 2],
    "max_vcpus": 8,
    "ipa_bits": 36,
    "page_size": 16384,
    "protected": True,
}


def said(cache: Cache, capsys: pytest.CaptureFixture[str]) -> str:
    assert lab(cache, "list", "--boards") == 0
    return capsys.readouterr().out


def test_each_board_of_the_lab_has_a_row_with_what_is_special_about_it(
    cache: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    text = said(cache, capsys)
    for name in topology.lab_names():
        assert row(text, name)[0] == name
    both = ["armv8_cortex_a53", "0-3,", "armv8_cortex_a72", "4-5"]
    assert row(text, "rockpro64")[1:] == ["0-5", *both, "v3", "-"]
    assert row(text, "rockpro64-pmu-offline")[-2:] == ["offline", "4-5"]
    assert row(text, "rockpro64-maxcpus")[-4:] == ["maxcpus", "4,", "offline", "4-5"]
    assert row(text, "no-vgic")[-2:] == ["-", "protected"]
    assert row(text, "no-pmu")[1:4] == ["0-5", "-", "v3"]
    assert text.endswith("`kvmpmu lab setup` makes those of two boards\n")


def test_a_snapshot_shows_what_its_agent_reported(
    filled: Cache, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "no snapshot has been made" in said(filled, capsys)  # an older one has no report
    same = filled.find(SNAPSHOT)
    assert same is not None
    add(filled, "snapshots/6.12-cafe/now", **same.about, facts=FACTS, cpu="max")
    add(filled, "snapshots/6.12-cafe/nil", **same.about, facts={"kvm": "missing"}, cpu="gone")
    *_, gone, now = sorted(line for line in said(filled, capsys).splitlines() if "6.12.9" in line)
    assert now == (
        "6.12 on rockpro64, max   6.12.9  0-3,5  armv8_cortex_a53 0-3  v3, v2  8 vCPUs, 36 bits"
        "  protected, 16 kB pages"
    )
    assert gone.split()[4:] == ["6.12.9", "-", "-", "-", "-", "missing"]
