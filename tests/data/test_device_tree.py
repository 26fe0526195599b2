"""A device tree as a host: small trees, each of a kind of board."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.data import device_tree, topology_toml
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.support.devicetree import parse

from . import trees


def host_of(tree: trees.Tree) -> Host:
    return device_tree.host(parse(trees.dtb(tree), "the tree"), "the tree")


def pmus(tree: trees.Tree) -> list[tuple[str, list[int]]]:
    return [(pmu.name, sorted(pmu.cpus)) for pmu in host_of(tree).pmus]


def refusal(tree: trees.Tree) -> str:
    with pytest.raises(UsageProblem) as caught:
        host_of(tree)
    return str(caught.value)


def one_pmu(**more: Any) -> dict[str, Any]:
    node = {"compatible": "arm,cortex-a53-pmu", "interrupts": (1, 7, 4), **more}
    return {**trees.root(), **trees.cpus(4), **trees.gic(3, 2), "pmu": node}


JUNO = """\
description = "Juno"
cpus = 6
gic = 2

[[pmu]]
name = "armv8_cortex_a57"
compatible = "arm,cortex-a57-pmu"
core = "cortex-a57"
type = 8
cpus = "1-2"
counters = 6

[[pmu]]
name = "armv8_cortex_a53"
compatible = "arm,cortex-a53-pmu"
core = "cortex-a53"
type = 9
cpus = "0,3-5"
counters = 6
"""
RK3399 = """\
description = "RK3399"
cpus = 6
gic = [3, 2]

[[pmu]]
name = "armv8_cortex_a53"
compatible = "arm,cortex-a53-pmu"
core = "cortex-a53"
type = 8
cpus = "0-3"
counters = 6

[[pmu]]
name = "armv8_cortex_a72"
compatible = "arm,cortex-a72-pmu"
core = "cortex-a72"
type = 9
cpus = "4-5"
counters = 6
"""
APPLE = """\
description = "Apple"
cpus = 4
ipa_bits = 36
impdef_traps = true

[[pmu]]
name = "apple_icestorm_pmu"
compatible = "apple,icestorm-pmu"
core = "apple-icestorm"
type = 8
cpus = "0-1"
counters = 8
pmuver = 15

[[pmu]]
name = "apple_firestorm_pmu"
compatible = "apple,firestorm-pmu"
core = "apple-firestorm"
type = 9
cpus = "2-3"
counters = 8
pmuver = 15
"""


@pytest.mark.parametrize(
    ("tree", "toml"), [(trees.JUNO, JUNO), (trees.RK3399, RK3399), (trees.APPLE, APPLE)]
)
def test_a_board_is_a_topology(tree: trees.Tree, toml: str) -> None:
    assert topology_toml.text(host_of(tree)) == toml


def test_the_tree_of_the_documentation_is_one_of_these() -> None:
    example = Path(__file__).parents[2] / "docs" / "examples" / "two-clusters.dtb"
    assert example.read_bytes() == trees.dtb({**trees.JUNO, "model": "Two clusters"})


def test_a_private_interrupt_without_partition_is_that_of_all_cpus() -> None:
    assert pmus(one_pmu()) == [("armv8_cortex_a53", [0, 1, 2, 3])]


def test_a_pmu_without_interrupt_covers_all_cpus() -> None:
    tree = one_pmu()
    del tree["pmu"]["interrupts"]
    assert pmus(tree) == [("armv8_cortex_a53", [0, 1, 2, 3])]


def test_shared_interrupts_without_affinity_are_those_of_the_first_cpus() -> None:
    assert pmus(one_pmu(interrupts=trees.spis(5, 6))) == [("armv8_cortex_a53", [0, 1])]


def test_interrupts_may_name_their_parent() -> None:
    tree = one_pmu(
        **{"interrupts-extended": (1, 0, 5, 4, 1, 0, 6, 4), "interrupt-affinity": (18, 19)}
    )
    del tree["pmu"]["interrupts"]
    assert pmus(tree) == [("armv8_cortex_a53", [2, 3])]


def test_a_disabled_node_is_no_pmu() -> None:
    tree = {**one_pmu(), "pmu-2": {"compatible": "arm,cortex-a72-pmu", "status": "disabled"}}
    assert [name for name, _ in pmus(tree)] == ["armv8_cortex_a53"]


def test_the_first_compatible_that_a_kernel_knows_counts() -> None:
    tree = one_pmu(compatible=("acme,core-pmu", "arm,cortex-a55-pmu", "arm,armv8-pmuv3"))
    (pmu,) = host_of(tree).pmus
    assert (pmu.name, pmu.pmuver, pmu.core) == ("armv8_cortex_a55", 4, "cortex-a55")


def test_the_generic_pmu_names_no_core() -> None:
    (pmu,) = host_of(one_pmu(compatible="arm,armv8-pmuv3")).pmus
    assert (pmu.name, pmu.core, pmu.counters, pmu.pmuver) == ("armv8_pmuv3", "", None, None)


def test_a_cpu_that_failed_has_no_number() -> None:
    tree = one_pmu()
    tree["cpus"]["cpu@1"]["status"] = "fail"
    assert host_of(tree).cpus == (0, 1, 2)


@pytest.mark.parametrize(
    ("version", "regions", "more", "gics"),
    [
        (2, 4, {}, (2,)),
        (2, 2, {}, ()),
        (3, 2, {}, (3,)),
        (3, 5, {}, (3, 2)),
        (3, 5, {"#redistributor-regions": 2}, (3,)),
        (3, 6, {"#redistributor-regions": 2}, (3, 2)),
        (5, 1, {}, (5,)),
    ],
)
def test_the_registers_of_a_gic_say_what_guests_get(
    version: int, regions: int, more: dict[str, Any], gics: tuple[int, ...]
) -> None:
    assert host_of({**one_pmu(), **trees.gic(version, regions, **more)}).gics == gics


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"cpus": {}}, "the tree has no CPUs below /cpus. Name the device tree"),
        ({"pmu": {}}, "the tree has no core PMU that a kernel knows"),
        (
            {"pmu-2": {"compatible": "arm,cortex-a72-pmu", "interrupts": (1, 7, 4)}},
            "the PMUs pmu and pmu-2 of the tree both cover CPU 0. Use a tree that gives each",
        ),
        (
            {
                "pmu": {
                    "compatible": "arm,cortex-a53-pmu",
                    "interrupts": trees.spis(1),
                    "interrupt-affinity": 16,
                },
                "pmu-2": {
                    "compatible": "arm,cortex-a53-pmu",
                    "interrupts": trees.spis(2),
                    "interrupt-affinity": 17,
                },
            },
            "the PMUs pmu and pmu-2 of the tree are both armv8_cortex_a53",
        ),
        (
            {
                "pmu": {
                    "compatible": "arm,cortex-a53-pmu",
                    "interrupts": trees.spis(1),
                    "interrupt-affinity": 99,
                }
            },
            "the PMU pmu of the tree covers no CPU",
        ),
    ],
)
def test_a_tree_that_is_no_host_is_refused(change: dict[str, Any], says: str) -> None:
    assert says in refusal({**one_pmu(), **change})
