"""The examples in the documentation are run, and print what it says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu import commands
from pytest_kvmpmu.data.topology import read
from pytest_kvmpmu.lab import lines
from pytest_kvmpmu.lab.store.cache import CACHE_VARIABLE, Cache
from pytest_kvmpmu.lab.store.stock import IMAGE, Stock, also_keys
from pytest_kvmpmu.recording.reader import read as read_recording
from pytest_kvmpmu.recording.script import load
from pytest_kvmpmu.report.results.document import read as read_report

from .. import pages
from ..pages import PAGES, RECIPES, ROOT, blocks, check, environment, is_walk


def each(language: str) -> pytest.MarkDecorator:
    """The blocks of that language, but for those of walks and recipes, which belong together."""
    named = [
        block
        for page in PAGES
        if page != RECIPES and not is_walk(page)
        for block in blocks(page)
        if block.language == language
    ]
    assert named
    return pytest.mark.parametrize("text", [b.text for b in named], ids=map(str, named))


# Where a kernel's build leaves it.
OWN_IMAGE = "arch/arm64/boot/Image"


# The line whose kernel the pages take, whatever else the user's cache holds.
STOCK = "6.12"


def build_image(path: Path) -> None:
    """A kernel of one's own: a stock one, as far as the page can tell."""
    if not path.exists():
        path.parent.mkdir(parents=True)
        path.symlink_to(Stock(Cache(), print).kernel(lines.load(STOCK)).file(IMAGE))


def test_the_image_is_the_stock_kernel_whatever_else_the_cache_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    cache = Cache()

    def kernel(place: str) -> Path:
        def build(folder: Path) -> dict[str, Any]:
            (folder / IMAGE).write_text(place)
            return {}

        return cache.make(place, build).file(IMAGE)

    kernel("kernels/a-run-before-left-this")
    current = kernel("kernels/current")
    kernel("kernels/somebodys-own")
    cache.note(f"current/{STOCK}.json", {"place": "kernels/current", "also": also_keys()[STOCK]})
    build_image(tmp_path / OWN_IMAGE)
    assert (tmp_path / OWN_IMAGE).resolve() == current.resolve()


def walks() -> list[Any]:
    """The pages that are gone through; those that boot a kernel are for where one can be."""
    found = []
    for page in filter(is_walk, PAGES):
        in_lab = any(block.word == "lab" for block in blocks(page))
        name = page.relative_to(ROOT).as_posix()
        found.append(pytest.param(page, False, id=name))
        if in_lab:
            # A group of two is begun before single tests: these are the longest by far.
            marks = [pytest.mark.lab, pytest.mark.xdist_group("walks")]
            found.append(pytest.param(page, True, id=f"{name}-lab", marks=marks))
    return found


@pytest.mark.parametrize(("page", "in_lab"), walks())
def test_a_walk_goes_as_the_page_says(
    page: Path, in_lab: bool, tmp_path: Path, unpacked: Path
) -> None:
    env = environment(unpacked)
    for block in blocks(page):
        if block.is_file:
            path = tmp_path / block.word
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "console" and (not block.word or in_lab):
            if OWN_IMAGE in block.text:
                build_image(tmp_path / OWN_IMAGE)
            check(block.text, tmp_path, env)


def test_a_walk_has_no_block_that_nobody_tries() -> None:
    for page in filter(is_walk, PAGES):
        for block in blocks(page):
            tried = block.is_file or block.language == "console"
            assert tried or block.language in ("text", "sh"), block
            assert block.is_file or block.word in ("", "lab"), block


@each("console")
def test_a_command_prints_what_the_page_shows(
    text: str,
    pytester: pytest.Pytester,
    unpacked: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (first, shown), *rest = pages.commands(text)
    program, *args = shlex.split(first.replace("\\\n", " "))
    if program == "pytest" and "--pyargs" in args:
        check(text, pytester.path, environment(unpacked))
        return
    assert [command for command, _ in rest] in ([], ["echo $?"])
    status = int(rest[0][1][0]) if rest else 0
    if program == "pytest":
        args = [re.sub(r"^(.*=)?(?=(conformance|fixtures)\b)", rf"\1{ROOT}/", arg) for arg in args]
        printed = pytester.runpytest_subprocess("-p", "no:cacheprovider", *args).outlines
    else:
        monkeypatch.chdir(ROOT)
        assert program == "kvmpmu"
        assert commands.main(args) == status
        printed = capsys.readouterr().out.splitlines()
    assert pages.shows(shown, printed), "\n".join([*shown, "--- but printed:", *printed])


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
