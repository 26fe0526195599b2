"""The examples in the documentation are run, and print what it says."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kvmpmu import commands
from pytest_kvmpmu.recording.reader import read as read_recording
from pytest_kvmpmu.report.document import read as read_report
from pytest_kvmpmu.script import load
from pytest_kvmpmu.topology import read

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(language: str) -> Iterator[tuple[str, str]]:
    """The fenced blocks of that language: a name for the test, and the text.

    Not of pages with blocks that name files: those are gone through as a whole (gate/test_pages).
    """
    for page in PAGES:
        if re.search(r"^```\w+ \S", page.read_text(), re.M):
            continue
        found = re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.M | re.S)
        for number, text in enumerate(found):
            yield f"{page.name}-{number}", text


def each(language: str) -> pytest.MarkDecorator:
    named = list(blocks(language))
    assert named
    return pytest.mark.parametrize("text", [t for _, t in named], ids=[n for n, _ in named])


@each("console")
def test_a_command_prints_what_the_page_shows(
    text: str,
    pytester: pytest.Pytester,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, *shown = text.splitlines()
    status = 0
    if shown[-2:-1] == ["$ echo $?"]:
        status = int(shown[-1])
        del shown[-2:]
    program, *args = shlex.split(first.removeprefix("$ "))
    if program == "pytest":
        args = [re.sub(r"^(.*=)?(?=(conformance|fixtures)\b)", rf"\1{ROOT}/", arg) for arg in args]
        printed = pytester.runpytest_subprocess("-p", "no:cacheprovider", *args).outlines
    else:
        monkeypatch.chdir(ROOT)
        assert program == "kvmpmu"
        assert commands.main(args) == status
        printed = capsys.readouterr().out.splitlines()
    begin = printed.index(shown[0].rstrip())
    assert printed[begin : begin + len(shown)] == [line.rstrip() for line in shown]


@each("jsonl")
def test_a_recording_or_report_can_be_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(text)
    if "kvmpmu-report" in text:
        assert read_report(path).results
    else:
        assert read_recording(path).calls


@each("toml")
def test_a_topology_can_be_read(text: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    assert read(path).pmus


@each("json")
def test_a_line_of_json_is_part_of_a_script(text: str) -> None:
    made = '{"call": "KVM_CREATE_VM", "on": "kvm", "cpu": 0, "new": "vm0"}\n'
    made += '{"call": "KVM_CREATE_VCPU", "on": "vm0", "cpu": 0, "new": "vcpu0", "id": 0}\n'
    header = '{"kvmpmu-script": 1}\n'
    assert load(text if text == header else header + made + text, "the page") is not None


@each("python")
def test_a_spec_passes_on_the_model(text: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(text)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
