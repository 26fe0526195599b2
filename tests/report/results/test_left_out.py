"""What a run omitted, and its JSON form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.recording.form import BadLine
from pytest_kvmpmu.report.results.left_out import Cited, LeftOut, left_out, our_files
from pytest_kvmpmu.report.results.result import SpecResult, Status
from pytest_kvmpmu.report.results.selection import Selection

SPECS = {"a": ("irq.set",), "b": ("irq.set", "irq.get"), "c": ()}
RAN = [SpecResult("a", Status.PASS, ("irq.set",))]


def everywhere(**more: Any) -> Selection:
    """A selection of a run that collected a spec in each of our files, and `SPECS`."""
    ours = {f"{file}::t": () for file in our_files()}
    return Selection({**ours, **SPECS}, **more)


def test_what_was_deselected_is_told_from_what_did_not_come_to_run() -> None:
    found = left_out(everywhere(deselected=frozenset("b")), RAN)
    assert found.deselected == {"b": ("irq.set", "irq.get")}
    assert found.not_run["c"] == ()
    assert "b" not in found.not_run


def test_our_files_are_missed_wherever_the_run_was() -> None:
    found = left_out(Selection(SPECS), RAN).not_collected
    assert "set-pmu.set" in (found["conformance/test_vcpu_1_4_set_pmu.py"] or ())
    assert left_out(everywhere(), RAN).not_collected == {}


def test_what_a_file_cites_is_read_from_its_source(tmp_path: Path) -> None:
    files = {
        "cites.py": "import no_such\n@mark.kvmpmu_clause('irq.set', 'irq.get')\ndef test(): 0",
        "none.py": "def test(): pass",
        "broken.py": "def",
        "bytes.py": "# \udcff",
    }
    for name, text in files.items():
        (tmp_path / name).write_bytes(text.encode(errors="surrogateescape"))
    paths = {name: str(tmp_path / name) for name in (*files, "gone.py")}
    found = left_out(everywhere(narrowed=paths, absent=paths), RAN)
    expected: dict[str, Cited] = {"cites.py": ("irq.set", "irq.get")}
    expected |= dict.fromkeys(("broken.py", "bytes.py", "gone.py"))
    assert found.narrowed == found.not_collected == expected


def test_a_file_that_can_not_be_read_leaves_every_clause_open() -> None:
    assert LeftOut(not_collected={"f": None}).gaps(["x", "y"]).keys() == {"x", "y"}


FULL = LeftOut({"a": ("x",)}, {"b": ()}, {"f": None}, {"g": ("x", "y")})


@pytest.mark.parametrize("one", [FULL, LeftOut()])
def test_its_json_form_is_read_as_it_was_written(one: LeftOut) -> None:
    assert LeftOut.from_json(one.to_json()) == one


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({"more": {}}, "unknown key 'more'"),
        ({"narrowed": []}, "narrowed: \\[\\] is of the wrong type"),
        ({"narrowed": {"f": "x"}}, "left_out: narrowed: 'f' has no list of clauses"),
        ({"narrowed": {"f": [1]}}, "left_out: narrowed: 'f' has no list of clauses"),
    ],
)
def test_what_is_none_is_refused(value: dict[str, Any], says: str) -> None:
    with pytest.raises(BadLine, match=says):
        LeftOut.from_json(value)


def test_a_selection_travels_as_a_text() -> None:
    made = Selection({"a": ("irq.set",)}, frozenset("b"), {"c": "/c"}, {"d": "/d"})
    assert Selection.from_json(made.to_json()) == made
