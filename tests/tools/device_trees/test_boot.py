"""A board as the lab boots it, and the comparison afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.errors import UsageProblem

from . import boot as module
from .boot import as_in_the_lab, boot

A55 = Pmu("armv8_cortex_a55", 8, frozenset({0, 1}), 6, "arm,cortex-a55-pmu", 4)
A76 = Pmu("armv8_cortex_a76", 9, frozenset({2}), 6, "arm,cortex-a76-pmu", 4)
HOST = Host("board", (0, 1, 2), (A55, A76), gics=(3, 2), ipa_bits=40)
FACTS: dict[str, Any] = {
    "pmus": [
        {"name": "armv8_cortex_a55", "cpus": "0-1"},
        {"name": "armv8_cortex_a76", "cpus": "2"},
    ],
    "gics": [3],
}


class Machine:
    """What `lab.start` returns, with the facts that it describes."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.facts = facts

    def __enter__(self) -> Machine:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def describe(self, seconds: float) -> dict[str, Any]:
        del seconds
        return self.facts


def test_it_has_the_labs_cores_and_one_kind_of_vgic() -> None:
    host = as_in_the_lab(HOST)
    assert (host.gics, host.ipa_bits, {pmu.pmuver for pmu in host.pmus}) == ((3,), 44, {1})
    assert [pmu.name for pmu in host.pmus] == [pmu.name for pmu in HOST.pmus]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({}, ""),
        ({"pmus": FACTS["pmus"][::-1]}, "it has [('armv8_cortex_a76', '2'), "),
        ({"gics": [2]}, "it makes the vGICs [2], expected [3]"),
    ],
)
def test_the_booted_board_is_compared_with_the_tree(
    changed: dict[str, Any], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "start", lambda *_: Machine({**FACTS, **changed}))
    differs = boot(HOST, "6.12")
    assert differs.startswith(says)
    assert bool(differs) == bool(says)


def test_a_board_that_does_not_boot_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object) -> Machine:
        raise UsageProblem("it has 9 CPUs", "Use 8")

    monkeypatch.setattr(module, "start", start)
    assert boot(HOST, "6.12") == "it has 9 CPUs. Use 8."
