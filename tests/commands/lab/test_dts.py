"""``kvmpmu lab dts`` and ``picture``: what a topology is."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from pytest_kvmpmu import commands, lab
from pytest_kvmpmu.data import picture, topology
from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.lab.vm import qemu

from ...lab.conftest import Pretend
from ...lab.vm.test_devicetree import QEMUS, fdt

PICTURES = Path(__file__).parents[3] / "docs" / "topologies"
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
def asked(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cores of which a QEMU that is not there had to give the device tree."""
    cpus: list[str] = []

    def own_device_tree(_usable: qemu.Qemu, _host: Host, cpu: str, _folder: Path) -> bytes:
        cpus.append(cpu)
        made: bytes = fdt.parse_dts(QEMUS).to_dtb(version=17)
        return made

    pretend("qemu-system-aarch64", "echo QEMU emulator version 9.1.0")
    monkeypatch.setattr(qemu, "own_device_tree", own_device_tree)
    monkeypatch.setattr(lab.cpus, "check", lambda *_: None)
    return cpus


@pytest.fixture
def pair(tmp_path: Path) -> str:
    """A topology file with two CPUs."""
    path = tmp_path / "pair.toml"
    path.write_text(PAIR)
    return str(path)


def test_the_device_tree_is_printed_as_source(
    pair: str, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["lab", "dts", pair]) == 0
    assert asked == ["cortex-a57"]
    tree = fdt.parse_dts(capsys.readouterr().out)
    (node,) = [node for node in tree.root.nodes if node.name.startswith("pmu")]
    assert node.get_property("compatible").value == "arm,cortex-a53-pmu"


def test_the_device_tree_is_that_of_the_cores_that_are_asked_for(
    pair: str, asked: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["lab", "dts", pair, "--cpu", "cortex-a76"]) == 0
    assert commands.main(["lab", "dts", "armv8-1", "--cpu", "cortex-a57"]) == 4
    assert "armv8-1 is a board for the model" in capsys.readouterr().err
    assert asked == ["cortex-a76"]


@pytest.mark.lab
def test_a_core_that_qemu_does_not_know_has_no_device_tree(
    pair: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["lab", "dts", pair, "--cpu", "cortex-a77"]) == 4
    assert "unknown lab CPU 'cortex-a77'" in capsys.readouterr().err
    assert commands.main(["lab", "dts", pair, "--cpu", "cortex-a76"]) == 0
    tree = fdt.parse_dts(capsys.readouterr().out)
    core = tree.get_node("/cpus").get_subnode("cpu@0")
    assert core.get_property("compatible").value == "arm,cortex-a76"


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
