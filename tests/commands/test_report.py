"""kvmpmu report: pages, comparisons, and bad input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.commands import USAGE_ERROR, main
from pytest_kvmpmu.data.revision import revision
from pytest_kvmpmu.report.results.document import Report, dump
from pytest_kvmpmu.report.results.left_out import LeftOut
from pytest_kvmpmu.report.results.result import Status
from pytest_kvmpmu.report.verdict.judge import asked_for

from ..report.runs import report, result

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


def whole(path: Path, **more: Any) -> str:
    """The file of a run that verified all clauses."""
    slugs = [known.slug for known in asked_for(revision("linux-6.7"))]
    passed = [result(f"f::{slug}", Status.PASS, slug) for slug in slugs]
    lacking = {"irq.set": "the host has no GICv5"} if more.pop("lacks", False) else {}
    results = [
        one._replace(status=Status.MISS, reason=lacking[slug]) if slug in lacking else one
        for slug, one in zip(slugs, passed, strict=True)
    ]
    return save(path, report(*results, *more.pop("others", ()), **more))


def test_a_gate_is_met_where_each_kernel_is_conformant_on_its_boards_together(
    tmp_path: Path, capsys: Capture
) -> None:
    one = whole(tmp_path / "one.json", lacks=True)
    other = save(
        tmp_path / "other.json", report(result("f::a", Status.PASS, "irq.set"), board="gicv5")
    )
    assert main(["report", one, other, "--gate=conformant"]) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("kernel 6.12 (model) on gicv5, rockpro64: conformant (clauses: ")
    assert last == "--gate=conformant is met"


@pytest.mark.parametrize("page", [[], ["-o", "PAGE"]], ids=["alone", "with-a-page"])
def test_a_gate_that_is_not_met_names_the_clauses(
    page: list[str], tmp_path: Path, capsys: Capture
) -> None:
    files = [whole(tmp_path / "a.json"), whole(tmp_path / "b.json", kernel="6.11", lacks=True)]
    args = ["report", *files, *(arg.replace("PAGE", str(tmp_path / "x.md")) for arg in page)]
    assert main([*args, "--gate=conformant"]) == 1
    out = capsys.readouterr().out.splitlines()
    assert "  not verified: needs gicv5 (the host has no GICv5): irq.set" in out
    assert out[-1] == "--gate=conformant is not met: kernel 6.11: not verified"
    assert (tmp_path / "x.md").exists() == bool(page)
    assert main([*args, "--gate=conformant-on-host"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "--gate=conformant-on-host is met"


@pytest.mark.parametrize("gate", ["conformant", "conformant-on-host"])
@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"left_out": None}, "not verified"),
        ({"left_out": LeftOut(deselected={"g::a": ("irq.set",)})}, "not verified"),
        ({"others": [result("g::a", Status.FAIL, "irq.set")]}, "not conformant"),
        ({"others": [result("g::a", Status.FAIL)]}, "g::a failed"),
    ],
)
def test_what_no_gate_lets_pass(
    more: dict[str, Any], says: str, gate: str, tmp_path: Path, capsys: Capture
) -> None:
    assert main(["report", whole(tmp_path / "a.json", **more), f"--gate={gate}"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == f"--gate={gate} is not met: kernel 6.12: {says}"


def test_the_schema_is_printed(capsys: Capture) -> None:
    assert main(["report", "--schema"]) == 0
    assert json.loads(capsys.readouterr().out)["$id"] == "urn:pytest-kvmpmu:report:3"


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (
            [],
            "kvmpmu report needs reports, and a page to write or a gate to check. Write it like",
        ),
        (["GOOD"], "kvmpmu report needs reports, and a page to write or a gate to check"),
        (["-o", "x.html"], "kvmpmu report needs reports, and a page to write or a gate to check"),
        (
            ["--gate=conformant"],
            "kvmpmu report needs reports, and a page to write or a gate to check",
        ),
        (["GOOD", "--gate=conforman"], "unknown gate 'conforman'. Did you mean 'conformant'? "),
        (["GOOD", "--gate=conformant", "-o", "x.pdf"], "unknown ending of a page '.pdf'"),
        (["GOOD", "GOOD", "--gate=conformant"], "GOOD are both of kernel 6.1 on rockpro64"),
        (["--diff", "GOOD", "GOOD", "--gate=conformant"], "but there are 2 and --gate. Write"),
        (["GOOD", "-o", "x.pdf"], "unknown ending of a page '.pdf'. Known: .html, .md"),
        (["GOOD", "-o", "absent/x.md"], "page absent/x.md cannot be written: No such file"),
        (["GOOD", "GOOD", "-o", "x.md"], "GOOD are both of kernel 6.1 on rockpro64. Omit one"),
        (["absent.json", "-o", "x.md"], "report absent.json cannot be read: No such file"),
        (["cut.json", "-o", "x.md"], "report cut.json has no footer: it was cut off after line 2"),
        (["text.json", "-o", "x.md"], "report text.json, line 1: this is not JSON"),
        (["next.json", "-o", "x.md"], "report next.json, line 1: schema version 4 is not known"),
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
    Path("next.json").write_text(good.replace('-report": 3', '-report": 4'), encoding="utf-8")
    before = sorted(tmp_path.iterdir())
    given = [arg.replace("GOOD", "good.json") for arg in args]
    assert main(["report", *given]) == USAGE_ERROR
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("kvmpmu: error: ")
    assert says.replace("GOOD", "good.json") in line
    assert sorted(tmp_path.iterdir()) == before
