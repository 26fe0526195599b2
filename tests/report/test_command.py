"""kvmpmu report: pages, comparisons, and bad input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_kvmpmu.commands import USAGE_ERROR, main
from pytest_kvmpmu.report.document import Report, dump
from pytest_kvmpmu.report.result import Status

from .runs import report, result

Capture = pytest.CaptureFixture[str]


def save(path: Path, one: Report) -> str:
    path.write_text(dump(one), encoding="utf-8")
    return str(path)


@pytest.fixture
def two(tmp_path: Path) -> list[str]:
    """The files of a run where all is well, and of one on a newer kernel where it is not."""
    good = report(result("f::a", Status.PASS, "irq.set"), kernel="6.1")
    bad = report(result("f::a", Status.FAIL, "irq.set", reason="expected ENXIO"))
    return [save(tmp_path / "good.json", good), save(tmp_path / "bad.json", bad)]


@pytest.mark.parametrize("ending", ["html", "md"])
def test_reports_make_a_page(ending: str, two: list[str], tmp_path: Path, capsys: Capture) -> None:
    page = tmp_path / f"matrix.{ending}"
    assert main(["report", *two, "-o", str(page)]) == 0
    assert capsys.readouterr().out.startswith(f"{page}: 2 runs, ")
    assert "2 kernels on 1 board" in page.read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.json", "good.json", page.name]


def test_a_comparison_says_by_its_status_what_is_worse(two: list[str], capsys: Capture) -> None:
    assert main(["report", "--diff", *two]) == 1
    assert "  f::a: pass -> fail: expected ENXIO" in capsys.readouterr().out.splitlines()
    assert main(["report", "--diff", *reversed(two)]) == 0
    assert "newly passing: 1" in capsys.readouterr().out


def test_the_schema_is_printed(capsys: Capture) -> None:
    assert main(["report", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$id"] == "urn:pytest-kvmpmu:report:1"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "reports and the page to make of them are needed. Write it like kvmpmu report A"),
        (["GOOD"], "reports and the page to make of them are needed"),
        (["-o", "x.html"], "reports and the page to make of them are needed"),
        (["GOOD", "-o", "x.pdf"], "unknown ending of a page '.pdf'. Known: .html, .md"),
        (["GOOD", "-o", "absent/x.md"], "page absent/x.md cannot be written: No such file"),
        (["GOOD", "GOOD", "-o", "x.md"], "GOOD are both of kernel 6.1 on rockpro64. Leave one"),
        (["absent.json", "-o", "x.md"], "report absent.json cannot be read: No such file"),
        (["cut.json", "-o", "x.md"], "report cut.json has no footer: it was cut off after line 2"),
        (["text.json", "-o", "x.md"], "report text.json, line 1: this is not JSON"),
        (["next.json", "-o", "x.md"], "report next.json, line 1: schema version 2 is not known"),
        (["--diff", "GOOD"], "--diff compares two reports and prints, but there are 1."),
        (["--diff", "GOOD", "GOOD", "-o", "x.md"], "but there are 2 and -o. Write it like"),
        (["--diff", "GOOD", "cut.json"], "report cut.json has no footer"),
    ],
)
def test_bad_input_is_one_clear_error(
    args: list[str],
    says: str,
    two: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    monkeypatch.chdir(tmp_path)
    good = Path(two[0]).read_text(encoding="utf-8")
    Path("cut.json").write_text("".join(good.splitlines(keepends=True)[:-1]), encoding="utf-8")
    Path("text.json").write_text("no JSON\n", encoding="utf-8")
    Path("next.json").write_text(good.replace('-report": 1', '-report": 2'), encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    given = [arg.replace("GOOD", "good.json") for arg in args]
    assert main(["report", *given]) == USAGE_ERROR
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("kvmpmu: error: ")
    assert says.replace("GOOD", "good.json") in line
    assert sorted(tmp_path.iterdir()) == before
