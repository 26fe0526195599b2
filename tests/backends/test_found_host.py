"""The described host as data, and beside the board that the user named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pytest_kvmpmu.backends.found_host import found_host, notes_on
from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.errors import UsageProblem

from ..fakes import FACTS

A53, A72 = frozenset({0, 1, 2, 3}), frozenset({4, 5})


def facts(**changes: Any) -> dict[str, Any]:
    return {**FACTS, **changes}


def refused(board: Host, **changes: Any) -> str:
    with pytest.raises(UsageProblem) as caught:
        found_host(facts(**changes), board)
    return str(caught.value)


def test_a_host_without_a_name_is_what_was_described() -> None:
    host = found_host(facts(gics=[3, 2], ipa_bits=36, nested=True, protected=True), None)
    assert (host.name, host.gics, host.ipa_bits) == ("this host", (3, 2), 36)
    assert (host.nested, host.protected) == (True, True)
    assert host.offline == frozenset()


@pytest.mark.parametrize(
    ("cpus", "used", "lost"),
    [([0, 1, 2, 3, 4], {4}, {5}), ([0, 1, 2, 3], set(), {4, 5}), ([5], {5}, {4})],
)
def test_a_pmus_cpus_are_those_that_can_be_used(
    cpus: list[int], used: set[int], lost: set[int]
) -> None:
    host = found_host(facts(cpus=cpus), None)
    assert host.cpus == tuple(cpus)
    assert (host.pmus[1].cpus, host.pmus[1].offline) == (frozenset(used), frozenset(lost))
    assert host.offline == frozenset(range(6)).difference(cpus)


def test_a_kind_of_vgic_that_is_not_known_here_is_left_out() -> None:
    assert found_host(facts(gics=[3, 9]), None).gics == (3,)


def test_a_board_lends_what_sysfs_does_not_show() -> None:
    board = load("rockpro64")
    host = found_host(facts(), board)
    assert host == replace(
        board, pmus=(replace(board.pmus[0], type=9), replace(board.pmus[1], type=10))
    )


def test_a_process_that_may_not_use_all_cpus_of_the_board_is_on_that_board() -> None:
    host = found_host(facts(cpus=[0, 1]), load("rockpro64"))
    assert (host.name, host.cpus) == ("rockpro64", (0, 1))
    assert [(pmu.cpus, pmu.offline) for pmu in host.pmus] == [
        (frozenset({0, 1}), frozenset({2, 3})),
        (frozenset(), A72),
    ]


def test_the_vgics_are_the_hosts() -> None:
    """An RK3399's GICv3 serves GICv2 guests too, and the shipped board does not say so."""
    assert found_host(facts(gics=[3, 2]), load("rockpro64")).gics == (3, 2)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"present": "0-3", "cpus": [0, 1, 2, 3]},
            "this host is not rockpro64: it has CPUs 0-3: armv8_cortex_a53 on 0-3;",
        ),
        ({"pmus": []}, "it has CPUs 0-5: no PMU. rockpro64 has CPUs 0-5: armv8_cortex_a53 on"),
        (
            {"cpus": [0], "pmus": FACTS["pmus"][::-1]},
            "CPUs 0-5 (this process may use 0): armv8_cortex_a72 on 4-5;",
        ),
        ({"gics": [2]}, "this host is not rockpro64: its vGIC is GICv2. rockpro64 has GICv3;"),
        ({"gics": []}, "its vGIC is none. rockpro64 has GICv3; omit --kvmpmu-topology"),
        ({"protected": True}, "protected mode is on. rockpro64 has off;"),
        ({"nested": True}, "nested virtualisation is on. rockpro64 has off;"),
    ],
)
def test_another_host_is_refused_with_what_differs(changes: dict[str, Any], says: str) -> None:
    assert says in refused(load("rockpro64"), **changes)


def test_a_cpu_that_the_board_has_offline_has_to_be_so() -> None:
    board = load("rockpro64-cpu-offline")
    assert "this host is not rockpro64-cpu-offline" in refused(board)
    assert found_host(facts(cpus=list(board.cpus)), board).cpus == board.cpus


def test_a_pmu_that_did_not_register_is_not_expected() -> None:
    board = load("rockpro64-maxcpus")
    found = found_host(facts(cpus=[0, 1, 2, 3], pmus=FACTS["pmus"][:1]), board)
    assert [pmu.name for pmu in found.pmus] == ["armv8_cortex_a53"]


def test_a_host_in_order_needs_no_note() -> None:
    assert list(notes_on(found_host(facts(), None), facts())) == []


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"protected": True}, "KVM is in protected mode (so says the kernel's log)"),
        ({"nested": True}, "guests may have an EL2 (nested virtualisation)"),
        ({"gics": []}, "KVM makes no vGIC here; PMUs have no interrupt"),
        ({"cpus": [0, 1]}, "this process may not use CPUs 2-5 of 0-5"),
        ({"page_size": 16384}, "pages of 16 kB"),
    ],
)
def test_what_a_reader_has_to_know_is_a_note(changes: dict[str, Any], note: str) -> None:
    described = facts(**changes)
    assert list(notes_on(found_host(described, None), described)) == [note]


def test_the_pmus_of_the_facts_are_kept_in_order() -> None:
    assert found_host(facts(), None).pmus == (
        Pmu("armv8_cortex_a53", 9, A53),
        Pmu("armv8_cortex_a72", 10, A72),
    )
