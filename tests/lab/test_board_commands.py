"""``kvmpmu lab dts`` and ``picture``: what a topology is."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import fdt
import pytest

from pytest_kvmpmu import commands, picture, topology
from pytest_kvmpmu.host import Host, Pmu
from pytest_kvmpmu.lab import qemu

from .conftest import Pretend
from .test_devicetree import QEMUS

PICTURES = Path(__file__).parents[2] / "docs" / "topologies"
PAIR = """
cpus = 2
[[pmu]]
name = "armv8_cortex_a53"
compatible = "arm,cortex-a53-pmu"
type = 8
cpus = "1"
counters = 6
"""


@pytest.fixture
def pair(tmp_path: Path) -> str:
    """A topology file with two CPUs."""
    path = tmp_path / "pair.toml"
    path.write_text(PAIR)
    return str(path)


def test_the_device_tree_is_printed_as_source(
    pair: str,
    pretend: Pretend,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pretend("qemu-system-aarch64", "echo QEMU emulator version 9.1.0")
    made = fdt.parse_dts(QEMUS).to_dtb(version=17)
    monkeypatch.setattr(qemu, "own_device_tree", lambda *_: made)
    assert commands.main(["lab", "dts", pair]) == 0
    tree = fdt.parse_dts(capsys.readouterr().out)
    (node,) = [node for node in tree.root.nodes if node.name.startswith("pmu")]
    assert node.get_property("compatible").value == "arm,cortex-a53-pmu"


def test_a_topology_for_the_model_has_no_device_tree(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["lab", "dts", "gicv5"]) == 4
    assert "gicv5 is a board for the model" in capsys.readouterr().err


def test_a_picture_has_a_column_for_each_cpu_and_a_row_for_each_pmu(
    pair: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["lab", "picture", pair]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "pair",
        "",
        "    CPU                 0   1  0-1",
        " 1  armv8_cortex_a53    . ###  1",
    ]


def test_a_picture_of_many_cpus_has_lists_alone() -> None:
    pmu = Pmu("big", 8, frozenset(range(64)), 6, "arm,big-pmu")
    title, _, *rows = picture.lines(Host("many", tuple(range(64)), (pmu,), "64 CPUs"))
    assert title == "many: 64 CPUs"
    assert [row.split() for row in rows] == [["CPU", "0-63"], ["1", "big", "0-63"]]


def test_an_svg_has_a_bar_for_each_run_of_cpus_and_escapes_its_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    pmu = Pmu("a<b", 8, frozenset({0, 1, 3}), 6, "arm,a-pmu", 4)
    root = ElementTree.fromstring(picture.svg(Host("odd", (0, 1, 2, 3), (pmu,), "x & y")))
    bars = [each for each in root if each.get("fill") == "#2f6db3" and not each.get("stroke")]
    assert len(bars) == 2
    words = [each.text for each in root]
    assert "x & y" in words
    assert "a<b, PMUVer 4" in words


def test_a_pmu_has_its_colour_whichever_is_probed_first() -> None:
    def colours(name: str) -> set[str | None]:
        root = ElementTree.fromstring(picture.svg(topology.load(name)))
        return {each.get("fill") for each in root if each.get("width") == "170"}

    assert len(colours("rockpro64")) == 1
    assert colours("rockpro64") == colours("rockpro64-swapped")


@pytest.mark.parametrize("name", topology.names())
def test_the_committed_picture_is_the_drawn_one(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["lab", "picture", name, "--svg"]) == 0
    same = (PICTURES / f"{name}.svg").read_text() == capsys.readouterr().out
    assert same, f"out of date. Run: kvmpmu lab picture {name} --svg >docs/topologies/{name}.svg"


def test_each_committed_picture_is_of_a_topology() -> None:
    assert sorted(path.stem for path in PICTURES.glob("*")) == topology.names()
