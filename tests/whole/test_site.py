"""The generated parts of the reference have what the code has."""

from __future__ import annotations

import importlib
import re
from types import ModuleType

import pytest

from pytest_kvmpmu.commands import parser
from pytest_kvmpmu.data import picture, topology
from pytest_kvmpmu.data.capabilities import CAPABILITIES
from pytest_kvmpmu.data.revision import REVISIONS
from pytest_kvmpmu.lab import line_names
from pytest_kvmpmu.plugin.marks import LINES
from pytest_kvmpmu.settings import EXAMPLES, OPTIONS, RECORD, STRICT_SPEC

from ..pages import DOCS, PAGES


@pytest.fixture(autouse=True)
def in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sphinx has the extension's folder in its path."""
    monkeypatch.syspath_prepend(DOCS / "_ext")


def module(name: str) -> ModuleType:
    return importlib.import_module(name)


def part(name: str) -> str:
    made = module("reference_pages").PARTS[name]()
    assert isinstance(made, str)
    return made


def test_each_option_is_there_with_its_ini_key() -> None:
    text = part("options")
    for option in (*OPTIONS, RECORD, EXAMPLES, STRICT_SPEC):
        assert f"`{option.flag}" in text
    for option in (*OPTIONS, RECORD, STRICT_SPEC):
        assert f". Ini key: `{option.dest}`\n" in text


def test_each_marker_is_there_with_its_sentence() -> None:
    text = part("markers")
    for line in LINES:
        signature, _, sentence = line.partition(": ")
        assert f"`{signature}`\n: {sentence}" in text


def test_each_fixture_is_there_with_its_type() -> None:
    text = part("fixtures")
    assert "`vm` → `Vm`\n: An empty VM." in text
    assert "`pmu_guest` → `Callable[..., Vcpu]`" in text
    # Made within a function, and what the others are made of.
    assert text.index("`kvmpmu_backend` → `Backend`") < text.index("`kvm` → `Kvm`")
    assert "_is_fixture" not in text


def test_each_command_is_there_with_its_arguments() -> None:
    text = part("program")
    assert "`--version`" in text
    for command in ("play", "clauses", "lab setup"):
        assert f" kvmpmu {command}\n\n```text\nkvmpmu {command} [-h]" in text
    assert "| `--topology NAME\\|FILE.toml` |" in text
    assert parser().prog == "kvmpmu"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("capabilities", list(CAPABILITIES)),
        ("revisions", [known.name for known in REVISIONS]),
        ("topologies", topology.names()),
        ("lines", line_names()),
        ("payloads", ["cycle-counter", "pmcr"]),
    ],
)
def test_a_table_has_a_row_for_each(name: str, wanted: list[str]) -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", part(name), re.MULTILINE)
    assert set(wanted) <= set(rows)


def test_a_table_can_not_be_broken_by_what_is_in_it() -> None:
    assert (
        module("reference_pages")._table(("a",), [("x|y <z>",)]).splitlines()[-1]
        == "| x\\|y &lt;z> |"
    )


def test_the_page_of_the_lab_draws_each_topology_once() -> None:
    page = filled((DOCS / "lab.md").read_text(encoding="utf-8"), "lab")
    for name in topology.names():
        assert page.count(picture.svg(topology.load(name)).rstrip()) == 1, name
    assert page.count("<svg") == len(topology.names())


def test_the_boards_of_the_lab_are_drawn_apart_from_those_of_the_model() -> None:
    def drawn(text: str) -> list[str]:
        return re.findall(r"<title>([^:<]+)", text)

    assert drawn(part("boards")) == topology.lab_names()
    assert set(drawn(part("model-boards"))) == {*topology.names()} - {*topology.lab_names()}


def test_a_picture_has_no_blank_line_which_would_end_the_html() -> None:
    for text in (part("boards"), part("model-boards")):
        for figure in text.split("\n\n"):
            assert figure.startswith("<figure")
            assert figure.endswith("</svg>\n</figure>")


def test_each_part_has_its_place_on_a_page() -> None:
    used = {
        name
        for page in PAGES
        for name in re.findall(r"^<!-- kvmpmu: (\S+) -->$", page.read_text(), re.MULTILINE)
    }
    assert used == set(module("reference_pages").PARTS)


def filled(text: str, page: str = "how-to/index") -> str:
    made = module("page_text").fill_in(page, text)
    assert isinstance(made, str)
    return made


def test_a_comment_stands_for_a_part_of_the_reference() -> None:
    assert filled("a\n<!-- kvmpmu: capabilities -->\nb") == f"a\n{part('capabilities')}\nb"


def test_a_comment_stands_for_a_module() -> None:
    text = filled("<!-- kvmpmu: module pytest_kvmpmu.kvm -->")
    assert text.splitlines()[1:3] == [".. automodule:: pytest_kvmpmu.kvm", "   :members:"]


def test_a_part_that_is_not_there_is_named_with_its_page() -> None:
    with pytest.raises(ValueError, match=r"how-to/index: no generated part 'x'; known: options, "):
        filled("<!-- kvmpmu: x -->")


def test_the_file_that_a_block_is_becomes_its_caption() -> None:
    text = filled("```python test_it.py\nx\n```\n```console lab\n```\n")
    assert text == "```{code-block} python\n:caption: test_it.py\n\nx\n```\n```console lab\n```\n"


def test_a_pattern_that_matches_no_page_is_left_out() -> None:
    assert filled("../nothing-like-it*\n../spec*\n") == "../spec*\n"
