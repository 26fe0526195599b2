"""A waiver file written anew from what a run found."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.report.results.result import SpecResult, Status
from pytest_kvmpmu.report.results.selection import Selection
from pytest_kvmpmu.waivers.file import parse
from pytest_kvmpmu.waivers.rewrite import rewritten
from pytest_kvmpmu.waivers.stale import Checked, check

ON = ("6.12.9", "rockpro64")
TODAY = datetime.date(2026, 11, 24)
ENTRY = """\
# Seen since 6.12.
[[waiver]]
spec = "f.py::test_a"
errno = "EIO"
reason = "a known bug"
link = "https://bugs.example.org/7"
"""
END = "\n# The end.\n"


def result(status: Status, errno: str = "", reason: str = "why", name: str = "a") -> SpecResult:
    return SpecResult(f"f.py::test_{name}", status, ("irq.set",), reason=reason, errno=errno)


def update(text: str, *results: SpecResult, root: Path = Path()) -> tuple[str, list[str]]:
    """The new text and the changes, after a run with these results."""
    waivers = parse(text, "w.toml", root)
    selection = Selection({one.spec: one.clauses for one in results})
    return rewritten(text, waivers, results, check(waivers, results, selection, ON, TODAY), ON)


@pytest.fixture(autouse=True)
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file that the entries name."""
    (tmp_path / "f.py").write_text("def test_a(): pass\n")
    monkeypatch.chdir(tmp_path)


def test_an_entry_that_is_right_stays() -> None:
    assert update(ENTRY + END, result(Status.FAIL, "EIO")) == (ENTRY + END, [])


def test_an_entry_whose_spec_passes_goes_and_what_stands_around_it_stays() -> None:
    text, changes = update(ENTRY + END, result(Status.PASS))
    assert text == "# Seen since 6.12.\n" + END
    assert changes == ["w.toml:2 (f.py::test_a): removed (unexpected pass)"]


def test_another_errno_is_changed_in_its_place() -> None:
    text, changes = update(ENTRY + END, result(Status.FAIL, "EPERM"))
    assert text == ENTRY.replace("EIO", "EPERM") + END
    assert changes == ["w.toml:2 (f.py::test_a): now EPERM"]


def test_a_failure_without_errno_is_listed_by_its_message() -> None:
    text, changes = update(ENTRY, result(Status.FAIL, reason="1 is not 2"))
    assert 'message = "1 is not 2"' in text
    assert "errno" not in text
    assert changes == ["w.toml:2 (f.py::test_a): now 1 is not 2"]


def test_a_new_failure_is_added_for_this_kernel_and_board_without_a_reason() -> None:
    text, changes = update(ENTRY, result(Status.FAIL, "EIO"), result(Status.FAIL, "0", name="b"))
    assert text.startswith(ENTRY + "\n[[waiver]]\n")
    for line in ('spec = "f.py::test_b"', 'errno = "0"', 'reason = ""', 'board = "rockpro64"'):
        assert f"\n{line}\n" in text
    assert changes == ["f.py::test_b: added; fill in its reason and link"]


def test_a_failure_for_strictness_alone_is_not_added() -> None:
    strict = result(Status.FAIL, name="b")._replace(strict=True)
    assert update(ENTRY, result(Status.FAIL, "EIO"), strict) == (ENTRY, [])


def test_a_text_that_looks_like_an_entry_is_not_taken_for_one() -> None:
    with pytest.raises(UsageProblem, match="not all are tables"):
        rewritten("[[waiver]]\nspec = '''\n[[waiver]]\n'''\n", [], [], Checked(), ("x", "y"))
