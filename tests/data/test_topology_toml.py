"""What is written reads back as the same host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kvmpmu.data import topology, topology_toml
from pytest_kvmpmu.data.gic import GICS
from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.data.topology_file import MOST_COUNTERS, MOST_PMUVER, POSSIBLE_IPA_BITS

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PMUVER = st.integers(0, MOST_PMUVER)


@st.composite
def hosts(draw: st.DrawFn) -> Host:
    """Any host that a topology file can say."""
    count = draw(st.integers(1, 12))
    everyone = range(count)
    maxcpus = draw(st.none() | st.integers(1, count))
    up = range(count if maxcpus is None else maxcpus)
    spare = draw(st.sampled_from(up))
    down = draw(st.frozensets(st.sampled_from(up))) - {spare}
    offline = down.union(range(len(up), count))
    owner = {cpu: draw(st.integers(0, 3)) for cpu in everyone}
    names = draw(st.lists(TEXT, min_size=4, max_size=4, unique=True))
    compatibles = draw(st.lists(TEXT, min_size=4, max_size=4, unique=True))
    types = draw(st.lists(st.integers(6, 99), min_size=4, max_size=4, unique=True))
    pmus = []
    for number in draw(st.permutations(range(3))):  # the CPUs of the fourth have no PMU
        covers = frozenset(cpu for cpu in everyone if owner[cpu] == number)
        if covers:
            pmus.append(
                Pmu(
                    names[number],
                    types[number],
                    covers - offline,
                    draw(st.integers(0, MOST_COUNTERS)),
                    compatibles[number],
                    draw(PMUVER),
                    covers & offline,
                    draw(TEXT),
                )
            )
    return Host(
        "board",
        tuple(cpu for cpu in everyone if cpu not in offline),
        tuple(pmus),
        draw(TEXT),
        draw(PMUVER),
        draw(st.booleans()),
        draw(st.booleans()),
        draw(st.booleans()),
        tuple(draw(st.lists(st.sampled_from(sorted(GICS)), unique=True))),
        draw(st.sampled_from(POSSIBLE_IPA_BITS)),
        offline,
        maxcpus,
    )


@given(host=hosts(), head=st.lists(st.text("ab #", max_size=9), max_size=2))
def test_a_host_reads_back(
    host: Host, head: list[str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("hosts") / "board.toml"
    path.write_text(topology_toml.text(host, head), encoding="utf-8")
    assert topology.read(path) == host


def test_the_boards_that_ship_read_back(tmp_path: Path) -> None:
    for name in topology.names():
        host = topology.load(name)
        path = tmp_path / f"{name}.toml"
        path.write_text(topology_toml.text(host), encoding="utf-8")
        assert topology.read(path) == host


def test_what_is_not_known_is_a_comment(tmp_path: Path) -> None:
    host = Host("board", (0, 2), (Pmu("little", 8, frozenset({0})),))
    text = topology_toml.text(host, ["From a test.", ""])
    assert text.startswith("# From a test.\n#\ncpus = 3\n")
    assert "counters = 6 # not known; 6 is usual\n# pmuver is not known" in text
    path = tmp_path / "board.toml"
    path.write_text(text)
    (pmu,) = topology.read(path).pmus
    assert topology.read(path) == replace(
        host, pmus=(replace(pmu, counters=6, pmuver=1),), uncovered_pmuver=1, offline=frozenset({1})
    )
