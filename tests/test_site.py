"""The generated parts of the reference have what the code has."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from pytest_kvmpmu import topology
from pytest_kvmpmu.capabilities import CAPABILITIES
from pytest_kvmpmu.commands import parser
from pytest_kvmpmu.marks import LINES
from pytest_kvmpmu.revision import REVISIONS
from pytest_kvmpmu.settings import EXAMPLES, OPTIONS, RECORD, STRICT_SPEC

from .pages import DOCS, PAGES


def _module() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "reference_pages", DOCS / "_ext" / "reference_pages.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PAGES_OF_CODE = _module()


def part(name: str) -> str:
    made = PAGES_OF_CODE.PARTS[name]()
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
    assert "`vm` → `Vm`\n: A VM with nothing in it." in text
    assert "`pmu_guest` → `Callable[..., Vcpu]`" in text
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
        ("payloads", ["cycle-counter", "pmcr"]),
    ],
)
def test_a_table_has_a_row_for_each(name: str, wanted: list[str]) -> None:
    rows = re.findall(r"^\| `([^`]+)` \|", part(name), re.MULTILINE)
    assert set(wanted) <= set(rows)


def test_a_table_can_not_be_broken_by_what_is_in_it() -> None:
    assert PAGES_OF_CODE._table(("a",), [("x|y <z>",)]).splitlines()[-1] == "| x\\|y &lt;z> |"


def test_each_part_has_its_place_on_a_page() -> None:
    used = {
        name
        for page in PAGES
        for name in re.findall(r"^<!-- kvmpmu: (\S+) -->$", page.read_text(), re.MULTILINE)
    }
    assert used == set(PAGES_OF_CODE.PARTS)
