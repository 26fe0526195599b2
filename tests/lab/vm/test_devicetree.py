"""The board's device tree: two PMUs where QEMU has one."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.lab import LabFailure
from pytest_kvmpmu.lab.vm.devicetree import board
from pytest_kvmpmu.support.devicetree import library

from ..conftest import A53, A72, BOARD

fdt = library()

# QEMU's tree, as far as the edits need it.  CPUs are in no order.
QEMUS = """
/dts-v1/;
/ {
    interrupt-parent = <1>;
    #address-cells = <2>;
    #size-cells = <2>;
    timer {
        interrupts = <1 13 4 1 14 4>;
    };
    pmu {
        compatible = "arm,armv8-pmuv3";
        interrupts = <1 7 4>;
    };
    pl011@9000000 {
        compatible = "arm,pl011", "arm,primecell";
        interrupts = <0 1 4>;
    };
    virtio_mmio@a000000 {
        compatible = "virtio,mmio";
        interrupts = <0 16 1>;
    };
    gpio {
        phandle = <2>;
        keys {
            interrupt-parent = <2>;
            interrupts = <3 4>;
        };
    };
    intc@8000000 {
        compatible = "arm,gic-v3";
        #interrupt-cells = <3>;
        interrupt-controller;
        phandle = <1>;
    };
    cpus {
        #address-cells = <1>;
        #size-cells = <0>;
        cpu@1 {
            device_type = "cpu";
            reg = <1>;
            phandle = <7>;
        };
        cpu@0 {
            device_type = "cpu";
            reg = <0>;
        };
    };
};
"""


def tree_of(host: Host, source: str = QEMUS) -> Any:
    return fdt.parse_dtb(board(fdt.parse_dts(source).to_dtb(version=17), host))


def cells(tree: Any, path: str, name: str) -> list[int]:
    return list(tree.get_property(name, path).data)


def test_every_pmu_has_its_partition_of_the_shared_interrupt() -> None:
    tree = tree_of(BOARD)
    for number, (pmu, cpu) in enumerate(((A53, "cpu@0"), (A72, "cpu@1"))):
        node = tree.get_node(f"/pmu-{number}")
        partition = f"/intc@8000000/ppi-partitions/interrupt-partition-{number}"
        assert node.get_property("compatible").value == pmu.compatible
        assert list(node.get_property("interrupts").data) == [
            *(1, 7, 4),
            *cells(tree, partition, "phandle"),
        ]
        assert cells(tree, partition, "affinity") == cells(tree, f"/cpus/{cpu}", "phandle")


def test_pmu_nodes_stand_in_probe_order() -> None:
    swapped = Host("swapped", BOARD.cpus, (A72, A53))
    tree = tree_of(swapped)
    found = [
        node.get_property("compatible").value
        for node in tree.root.nodes
        if node.name.startswith("pmu")
    ]
    assert found == [A72.compatible, A53.compatible]


def test_other_interrupts_get_a_fourth_cell() -> None:
    tree = tree_of(BOARD)
    assert cells(tree, "/timer", "interrupts") == [1, 13, 4, 0, 1, 14, 4, 0]
    assert cells(tree, "/pl011@9000000", "interrupts") == [0, 1, 4, 0]
    assert cells(tree, "/intc@8000000", "#interrupt-cells") == [4]


def test_an_interrupt_that_ends_elsewhere_keeps_its_cells() -> None:
    assert cells(tree_of(BOARD), "/gpio/keys", "interrupts") == [3, 4]


def test_a_cpu_may_be_without_a_pmu() -> None:
    tree = tree_of(Host("half", (0, 1), (A72,)))
    affinity = cells(tree, "/intc@8000000/ppi-partitions/interrupt-partition-0", "affinity")
    assert affinity == cells(tree, "/cpus/cpu@1", "phandle")


def test_a_cpu_that_is_offline_is_in_the_tree() -> None:
    a53 = replace(A53, cpus=frozenset(), offline=frozenset({0}))
    tree = tree_of(Host("half", (1,), (a53, A72), offline=frozenset({0})))
    affinity = cells(tree, "/intc@8000000/ppi-partitions/interrupt-partition-0", "affinity")
    assert affinity == cells(tree, "/cpus/cpu@0", "phandle")


def test_one_pmu_may_cover_all_cpus() -> None:
    one = Pmu("armv8_cortex_a53", 8, frozenset({0, 1}), 6, "arm,cortex-a53-pmu")
    tree = tree_of(Host("one", (0, 1), (one,)))
    path = "/intc@8000000/ppi-partitions/interrupt-partition-0"
    assert len(cells(tree, path, "affinity")) == 2


def test_without_pmus_the_interrupts_stay_as_they_are() -> None:
    tree = tree_of(Host("none", (0, 1), ()))
    assert cells(tree, "/timer", "interrupts") == [1, 13, 4, 1, 14, 4]
    assert not tree.exist_node("/pmu")


def test_a_tree_of_another_machine_is_refused() -> None:
    with pytest.raises(LabFailure, match="has 2 CPUs and a GICv3, expected 1 and one"):
        tree_of(Host("single", (0,), ()))


def test_what_python_says_of_the_librarys_sources_ends_no_run(tmp_path: Path) -> None:
    program = "from pytest_kvmpmu.support.devicetree import library; library()"
    env = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path)}  # nothing is compiled yet
    subprocess.run([sys.executable, "-W", "error", "-c", program], env=env, check=True)
