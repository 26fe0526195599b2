"""The report's file: written, read, rejected, and valid by its schema."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.report.results.conclusion import Conclusion, Verdict
from pytest_kvmpmu.report.results.document import SCHEMA, Report, dump, read
from pytest_kvmpmu.report.results.left_out import LeftOut
from pytest_kvmpmu.report.results.result import Status

from ..runs import report, reports, result
from .test_result import BAD, FULL

REPORT = report(
    result("a.py::test_a"),
    FULL,
    partial="the run ended early, after 2 of 3 tests",
    left_out=LeftOut({"a.py::b": ("irq.set",)}, narrowed={"b.py": None}),
    conclusion=Conclusion(
        Verdict.NOT_CONFORMANT, Verdict.NOT_VERIFIED, "conformant", ("it is not met", "stale")
    ),
)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("one", [REPORT, report()], ids=["full", "empty"])
def test_a_report_is_read_as_it_was_written(one: Report, tmp_path: Path) -> None:
    path = written(tmp_path / "run.json", dump(one))
    assert read(path) == one
    assert read(path).source == str(path)


@pytest.mark.parametrize(
    ("version", "footer", "left_out"), [(1, {}, None), (2, {"left_out": {}}, LeftOut())]
)
def test_an_older_report_is_read_and_has_no_conclusion(
    version: int, footer: dict[str, Any], left_out: LeftOut | None, tmp_path: Path
) -> None:
    header, *lines, end = dump(REPORT).splitlines(keepends=True)
    text = "".join([header.replace('-report": 3', f'-report": {version}'), *lines])
    digest = hashlib.sha256(text.encode()).hexdigest()
    end = json.dumps({"end": {"results": len(lines), **footer, "sha256": digest}}) + "\n"
    found = read(written(tmp_path / "old.json", text + end))
    assert (found.left_out, found.conclusion) == (left_out, None)
    assert found.results == REPORT.results
    assert all(valid(json.loads(line)) for line in (text + end).splitlines())


def test_a_bad_conclusion_is_refused_with_its_line(tmp_path: Path) -> None:
    lines = [json.loads(line) for line in dump(REPORT).splitlines()]
    del lines[-1]["end"]["verdict"]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    assert "line 4: the key 'verdict' is missing" in refused(written(tmp_path / "run.json", text))
    assert not valid(lines[-1])


def test_specs_are_counted_by_status() -> None:
    assert (REPORT.count(Status.PASS), REPORT.count(Status.FAIL)) == (1, 1)


def refused(path: Path) -> str:
    with pytest.raises(UsageProblem) as problem:
        read(path)
    assert str(path) in problem.value.cause
    return str(problem.value)


def test_a_report_without_footer_is_refused(tmp_path: Path) -> None:
    lines = dump(REPORT).splitlines(keepends=True)
    for count in range(1, len(lines)):
        path = written(tmp_path / "run.json", "".join(lines[:count]))
        assert f"has no footer: it was cut off after line {count}." in refused(path)


def test_a_line_that_is_cut_is_no_line(tmp_path: Path) -> None:
    path = written(tmp_path / "run.json", dump(REPORT)[:-1])
    assert "has no footer: it was cut off after line 3" in refused(path)


Change = Callable[[list[Any]], object]
SECOND = {"spec": "x", "status": "pass"}
CHANGES: list[tuple[Change, str]] = [
    (lambda lines: lines.__setitem__(0, SECOND), "line 1: this is not the header of a report"),
    (lambda lines: lines[0].update({"kvmpmu-report": 4}), "line 1: schema version 4 is not known"),
    (lambda lines: lines[0].update({"kvmpmu-report": True}), "line 1: schema version True is not"),
    (lambda lines: lines[0].update({"more": 1}), "line 1: unknown key 'more'"),
    (lambda lines: lines[0]["on"].update({"release": "x"}), "line 1: unknown kernel revision 'x'"),
    (lambda lines: lines[1].pop("spec"), "line 2: the key 'spec' is missing"),
    (lambda lines: lines.pop(1), "line 3: the file was changed after it was written"),
    (
        lambda lines: lines[1].update({"reason": "x"}),
        "line 4: the file was changed after it was written",
    ),
    (lambda lines: lines[-1]["end"].pop("sha256"), "line 4: the key 'sha256' is missing"),
    (
        lambda lines: lines[-1]["end"].update({"left_out": {"narrowed": {"f": 1}}}),
        "line 4: left_out: narrowed: 'f' has no list of clauses",
    ),
    (lambda lines: lines.append(lines[-1]), "line 5: this line is after the footer"),
    (lambda lines: lines.append(SECOND), "line 5: this line is after the footer"),
    (lambda lines: lines.__setitem__(1, []), "line 2: this is not a JSON object"),
]


@pytest.mark.parametrize(("change", "says"), CHANGES)
def test_a_changed_report_is_refused_with_file_and_line(
    change: Change, says: str, tmp_path: Path
) -> None:
    lines = [json.loads(line) for line in dump(REPORT).splitlines()]
    change(lines)
    text = "".join(json.dumps(line) + "\n" for line in lines)
    assert says in refused(written(tmp_path / "run.json", text))


def test_what_is_not_json_is_refused_with_file_and_line(tmp_path: Path) -> None:
    lines = dump(REPORT).splitlines(keepends=True)
    lines[1] = "{'spec'\n"
    message = refused(written(tmp_path / "run.json", "".join(lines)))
    assert "run.json, line 2: this is not JSON: " in message


def test_what_can_not_be_read_is_refused(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in refused(tmp_path / "absent.json")
    assert "is empty" in refused(written(tmp_path / "empty.json", ""))


SCHEMA_TEXT = json.loads(SCHEMA.read_text(encoding="utf-8"))


def valid(line: Any) -> bool:
    validator = jsonschema.Draft202012Validator(SCHEMA_TEXT)
    return bool(validator.is_valid(line))


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA_TEXT)


def test_every_line_is_as_the_schema_says(pytester: pytest.Pytester) -> None:
    for one in (*reports(pytester), REPORT):
        for line in dump(one).splitlines():
            assert valid(json.loads(line)), line


@pytest.mark.parametrize("value", [value for value, _ in BAD])
def test_the_schema_refuses_what_the_reader_refuses(value: dict[str, Any]) -> None:
    assert not valid(value)


def test_the_footers_digest_is_of_all_lines_before() -> None:
    *lines, end = dump(REPORT).encode().splitlines(keepends=True)
    assert json.loads(end)["end"]["sha256"] == hashlib.sha256(b"".join(lines)).hexdigest()
