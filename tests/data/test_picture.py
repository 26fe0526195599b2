"""A topology as a picture, in text and in SVG."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from pytest_kvmpmu import commands
from pytest_kvmpmu.data import picture, topology
from pytest_kvmpmu.data.host import Host, Pmu

SVG = "{http://www.w3.org/2000/svg}"


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


def test_a_cpu_that_is_offline_is_drawn_and_marked() -> None:
    plain = topology.load("rockpro64")
    a72 = replace(plain.pmus[1], cpus=frozenset({4}), offline=frozenset({5}))
    cpus, pmus = plain.cpus[:5], (plain.pmus[0], a72)
    host = replace(plain, cpus=cpus, pmus=pmus, offline=frozenset({5}))
    *_, big, offline = picture.lines(host)
    assert big.split() == ["2", "armv8_cortex_a72", ".", ".", ".", ".", "###", "---", "4-5"]
    assert offline.split() == ["offline", "off", "5"]
    drawing = picture.svg(host)
    assert "CPUs 0-5 (offline: 5); PMUs" in drawing
    assert drawing.count("stroke-dasharray") == 1


@pytest.mark.parametrize("name", topology.names())
def test_the_program_prints_the_picture_of_each_topology(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["lab", "picture", name, "--svg"]) == 0
    assert capsys.readouterr().out == picture.svg(topology.load(name))


@pytest.mark.parametrize("name", topology.names())
def test_a_picture_says_in_words_what_it_shows(name: str) -> None:
    host = topology.load(name)
    root = ElementTree.fromstring(picture.svg(host))
    assert root.get("role") == "img"
    title, description = (root.findtext(f"{SVG}{tag}") or "" for tag in ("title", "desc"))
    assert title == f"{name}: {host.description}"
    for pmu in host.pmus:
        assert pmu.name in description
    assert ("no PMU" in description) == (not host.pmus)
