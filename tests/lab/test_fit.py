"""Which boards the lab boots, and what they take from their core."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.data import topology
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import core_of, cpus, fitted
from pytest_kvmpmu.lab.lines import VHE, Line

from .conftest import BOARD

GICV2 = replace(BOARD, gics=(2,))
PROTECTED = replace(BOARD, protected=True)
NESTED = replace(BOARD, nested=True)
ANY, WITH_VHE, NONE = Line("any", protected="all"), Line("vhe", protected=VHE), Line("none")


def test_a_board_follows_the_core() -> None:
    for name, core in cpus.CORES.items():
        host = fitted(BOARD, name)
        assert {pmu.pmuver for pmu in host.pmus} == {core.pmuver}
        assert (host.pmuver, host.ipa_bits) == (core.pmuver, core.ipa_bits)
        assert [pmu.cpus for pmu in host.pmus] == [pmu.cpus for pmu in BOARD.pmus]
    assert fitted(topology.load("rockpro64"), "cortex-a76").event_bits == {16}
    assert fitted(topology.load("rockpro64"), "cortex-a57").event_bits == {10}


def test_what_is_not_known_of_a_core_is_not_claimed_of_its_board() -> None:
    host = fitted(topology.load("uncovered-cpu"), "cortex-x9")
    assert host.pmuver is None
    assert host.event_bits == {None}
    assert fitted(PROTECTED, "cortex-x9", WITH_VHE).protected


def test_a_board_of_another_version_is_refused_on_a_core_that_has_it_not() -> None:
    board = topology.load("armv8-1")
    assert fitted(board, "cortex-a76").pmus == board.pmus
    with pytest.raises(UsageProblem) as caught:
        fitted(board, "cortex-a57")
    assert "armv8-1 is a board for the model only: its pmuver" in caught.value.cause
    assert "emulate a cortex-a76 (--kvmpmu-lab-cpu, kvmpmu lab: --cpu), " in caught.value.remedy
    mixed = replace(board, pmus=(board.pmus[0], replace(board.pmus[1], pmuver=1)))
    with pytest.raises(UsageProblem, match="or use --kvmpmu-backend=model") as caught:
        fitted(mixed, "cortex-a76")
    assert "lab-cpu" not in caught.value.remedy


def test_a_board_whose_guests_have_another_size_is_for_the_model() -> None:
    bits = cpus.CORES["max"].ipa_bits
    large = replace(BOARD, ipa_bits=bits)
    assert fitted(large, "max").ipa_bits == bits
    with pytest.raises(UsageProblem) as caught:
        fitted(large, "cortex-a57")
    assert "pair is a board for the model only: its ipa_bits" in caught.value.cause
    assert "--kvmpmu-lab-cpu" in caught.value.remedy
    with pytest.raises(UsageProblem, match=r"Remove ipa_bits from the topology, or use"):
        fitted(replace(BOARD, ipa_bits=36), "cortex-a57")


def test_a_cpu_that_is_offline_counts_as_covered_by_its_pmu() -> None:
    a53 = replace(BOARD.pmus[0], cpus=frozenset(), offline=frozenset({0}), pmuver=4)
    a72 = replace(BOARD.pmus[1], pmuver=4)
    host = replace(BOARD, cpus=(1,), pmus=(a53, a72), offline=frozenset({0}), uncovered_pmuver=1)
    assert fitted(host, "cortex-a76").pmuver == 4


def test_the_core_is_the_one_that_was_named_or_the_boards_or_the_lines() -> None:
    pages = Line("pages", cpu="neoverse-n1")
    assert core_of(BOARD) == core_of(BOARD, NONE) == cpus.DEFAULT
    assert core_of(BOARD, pages) == "neoverse-n1"
    assert core_of(NESTED, pages) == "max"
    assert core_of(NESTED, pages, "cortex-a76") == "cortex-a76"


@pytest.mark.parametrize(
    ("host", "says", "remedy"),
    [
        (
            replace(PROTECTED, nested=True),
            "pair is protected and nested at once, but KVM runs in one of these modes",
            "Remove protected or nested",
        ),
        (
            replace(GICV2, cpus=tuple(range(9))),
            "pair has 9 CPUs, but a GICv2 has at most 8",
            "Write cpus = 8, or gic = 3",
        ),
        (
            replace(GICV2, cpus=tuple(range(7)), offline=frozenset({7, 8})),
            "pair has 9 CPUs, but a GICv2 has at most 8",
            "Write cpus = 8, or gic = 3",
        ),
        (replace(BOARD, gics=(3, 2)), "pair is a board for the model only: KVM makes one", "gic ="),
        (replace(BOARD, gics=(5,)), "pair is a board for the model only: KVM makes one", "gic ="),
        (replace(BOARD, gics=()), "pair is a board for the model only: KVM makes a", "protected ="),
        (replace(PROTECTED, gics=(2,)), "pair has a GICv2, for which KVM", "Write gic = []"),
        (replace(NESTED, gics=(2,)), "pair has a GICv2, with which the lab", "Write gic = 3"),
        (replace(BOARD, impdef_traps=True), "pair is a board for the model only", "impdef_traps"),
        (NESTED, "pair needs nested virtualisation, which a cortex-a57", "Emulate a max"),
    ],
)
def test_a_board_that_the_lab_cannot_boot_is_refused(host: Host, says: str, remedy: str) -> None:
    with pytest.raises(UsageProblem) as caught:
        fitted(host, "cortex-a57")
    assert says in caught.value.cause
    assert remedy in caught.value.remedy


@pytest.mark.parametrize(
    ("host", "cpu"),
    [
        (GICV2, "cortex-a57"),
        (replace(GICV2, cpus=tuple(range(8))), "cortex-a57"),
        (replace(PROTECTED, gics=()), "cortex-a57"),
        (PROTECTED, "cortex-a76"),
        (NESTED, "max,lpa2=off"),
    ],
)
def test_a_board_that_the_lab_can_boot_keeps_its_kind(host: Host, cpu: str) -> None:
    found = fitted(host, cpu)
    assert (found.gics, found.protected, found.nested) == (host.gics, host.protected, host.nested)


@pytest.mark.parametrize(
    ("host", "cpu", "line", "says"),
    [
        (PROTECTED, "max", NONE, "pair needs KVM's protected mode, which none does not have"),
        (
            PROTECTED,
            "cortex-a57",
            WITH_VHE,
            "protected mode, which vhe has on cores with",
        ),
        (replace(PROTECTED, gics=()), "max", WITH_VHE, "pair has no vGIC, and KVM of vhe does not"),
        (NESTED, "max", NONE, "pair needs nested virtualisation, which none does not"),
    ],
)
def test_a_line_that_cannot_be_the_board_is_refused(
    host: Host, cpu: str, line: Line, says: str
) -> None:
    with pytest.raises(UsageProblem) as caught:
        fitted(host, cpu, line)
    assert says in caught.value.cause
    assert ("cortex-a76" if cpu == "cortex-a57" else "Choose another line") in caught.value.remedy


def test_a_line_that_can_be_the_board_is_taken() -> None:
    assert fitted(PROTECTED, "cortex-a57", ANY).protected
    assert not fitted(replace(PROTECTED, gics=()), "max", replace(ANY, no_vgic=True)).gics
    assert fitted(PROTECTED, "cortex-a76", WITH_VHE).protected
    assert fitted(NESTED, "max", Line("new", nested=True)).nested
