"""``kvmpmu lab dts`` and ``picture``: a topology as device tree and as drawing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu import commands, lab
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.lab.vm import qemu

from ...lab.conftest import Pretend
from ...lab.vm.test_devicetree import QEMUS, fdt

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
    """The cores of which a fake QEMU was asked for the device tree."""
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
    assert "armv8-1 is a board for the model only" in capsys.readouterr().err
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
    assert "gicv5 is a board for the model only" in capsys.readouterr().err


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
