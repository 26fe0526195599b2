"""A topology as a picture, in text and in SVG; and those of the documentation."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from pytest_kvmpmu import commands
from pytest_kvmpmu.data import picture, topology
from pytest_kvmpmu.data.host import Host, Pmu

PICTURES = Path(__file__).parents[2] / "docs" / "topologies"


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
