"""The PMUs of a board with a GICv2: shared interrupts and the CPU of each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.lab import LabFailure

from ..conftest import A53, BOARD
from .test_devicetree import QEMUS, cells, tree_of

GICV2 = QEMUS.replace('"arm,gic-v3"', '"arm,cortex-a15-gic"')
BIG_FIRST = Host("big first", (0, 1), tuple(reversed(BOARD.pmus)), gics=(2,))


@pytest.mark.parametrize("host", [replace(BOARD, gics=(2,)), BIG_FIRST], ids=lambda h: h.name)
def test_every_cpu_has_its_interrupt_in_the_node_of_its_pmu(host: Host) -> None:
    tree = tree_of(host, GICV2)
    for number, pmu in enumerate(host.pmus):
        (cpu,) = pmu.cpus
        path = f"/pmu-{number}"
        assert tree.get_property("compatible", path).value == pmu.compatible
        assert cells(tree, path, "interrupts") == [0, 180 + cpu, 4]
        owner = cells(tree, f"/cpus/cpu@{cpu}", "phandle")
        assert cells(tree, path, "interrupt-affinity") == owner


def test_a_pmu_names_all_its_cpus_in_the_order_of_their_interrupts() -> None:
    one = replace(A53, cpus=frozenset({1}), offline=frozenset({0}))
    host = Host("one", (1,), (one,), gics=(), offline=frozenset({0}))
    tree = tree_of(host, GICV2)
    assert cells(tree, "/pmu-0", "interrupts") == [0, 180, 4, 0, 181, 4]
    handles = [cells(tree, f"/cpus/cpu@{cpu}", "phandle")[0] for cpu in (0, 1)]
    assert cells(tree, "/pmu-0", "interrupt-affinity") == handles


def test_other_interrupts_keep_their_cells() -> None:
    tree = tree_of(replace(BOARD, gics=(2,)), GICV2)
    assert cells(tree, "/timer", "interrupts") == [1, 13, 4, 1, 14, 4]
    assert cells(tree, "/intc@8000000", "#interrupt-cells") == [3]
    assert not tree.exist_node("/intc@8000000/ppi-partitions")


def test_a_tree_with_another_gic_is_refused() -> None:
    with pytest.raises(LabFailure, match="has 2 CPUs and no GICv2, expected 2 and one"):
        tree_of(replace(BOARD, gics=(2,)), QEMUS)
