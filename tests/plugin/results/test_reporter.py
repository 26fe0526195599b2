"""--kvmpmu-report: when a report is written, and what it says about a run that ended early."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pytest_kvmpmu.data.revision import NEWEST
from pytest_kvmpmu.report.results.document import read

from ...inner_runs import FULL_DISK, KERNEL_OF_EACH_WORKER, WORKERS, usage_error
from ...report.ktap_parser import parse
from ...report.runs import SPECS

PASSES = """
    import pytest

    @pytest.mark.kvmpmu_clause("irq.set")
    @pytest.mark.parametrize("which", range(3))
    def test_it(which, vcpu, gic):
        vcpu.set_irq(23)
"""
FORMS = ("json", "ktap", "md", "html")
BEGINNINGS = {
    "json": '{"kvmpmu-report": 3, ',
    "ktap": "KTAP version 1\n",
    "md": f"# {NEWEST} on rockpro64\n",
    "html": "<!DOCTYPE html>\n",
}


def said(result: pytest.RunResult) -> list[str]:
    words = ("reported ", "not reported: ", "partial: ")
    return [line for line in result.outlines if line.startswith(words)]


def left(pytester: pytest.Pytester) -> list[str]:
    """The reports that exist, hidden parts included."""
    return sorted(path.name for path in pytester.path.iterdir() if ".run." in f".{path.name}")


@WORKERS
def test_each_ending_is_a_form_and_all_may_be_asked_for_at_once(
    workers: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(PASSES)
    result = pytester.runpytest_inprocess(
        *(f"--kvmpmu-report=run.{one}" for one in FORMS), *workers
    )
    assert result.ret == 0
    assert said(result) == [f"reported 3 specs in run.{one}" for one in FORMS]
    for form in FORMS:
        text = (pytester.path / f"run.{form}").read_text(encoding="utf-8")
        assert text.startswith(BEGINNINGS[form])
        assert text.endswith("\n")
    assert left(pytester) == [f"run.{one}" for one in sorted(FORMS)]


def test_with_workers_the_report_is_the_same(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SPECS)
    lines = []
    for name, args in (("a", []), ("b", ["-n2"]), ("c", ["-n1"])):
        pytester.runpytest_inprocess(f"--kvmpmu-report={name}.json", *args)
        results = read(pytester.path / f"{name}.json").results
        values = [one.to_json() for one in results]
        for value in values:
            value.pop("seconds")
        lines.append(re.sub("0x[0-9a-f]{8,}", "", json.dumps(values)))  # addresses of objects
    assert lines[0] == lines[1] == lines[2]
    assert '"calls"' in lines[0]


def test_the_calls_of_passed_specs_are_in_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PASSES)
    result = pytester.runpytest_inprocess("--kvmpmu-report=run.json", "-rA")
    found = read(pytester.path / "run.json").results[0]
    assert found.calls[-1]["call"]["attr"] == "KVM_ARM_VCPU_PMU_V3_IRQ"
    result.stdout.no_fnmatch_line("*kvmpmu play*")  # they are only in the report


def test_a_report_can_be_asked_for_in_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PASSES)
    pytester.makeini("[pytest]\nkvmpmu_report =\n  run.json\n  run.ktap\n")
    pytester.runpytest_inprocess()
    assert left(pytester) == ["run.json", "run.ktap"]


@WORKERS
@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("absent/run.json", "report {}/absent/run.json cannot be written: No such file or"),
        ("folder.json", "folder.json cannot be written: it is not a regular file. Name a file"),
        ("run.pdf", "unknown ending of a report '.pdf'. Known: .json, .ktap, .md, .html"),
        ("run", "unknown ending of a report 'run'"),
    ],
)
def test_a_path_that_can_not_be_written_is_found_before_the_run(
    value: str, says: str, workers: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile("def test_it(kvm): raise SystemError('it ran')")
    (pytester.path / "folder.json").mkdir()
    result = pytester.runpytest_inprocess(
        "--kvmpmu-report=run.ktap", f"--kvmpmu-report={value}", *workers
    )
    assert says.format(pytester.path) in usage_error(result)
    assert left(pytester) == []


def test_a_file_of_an_earlier_run_goes_before_this_one(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "def test_it(kvm): import pathlib; assert not pathlib.Path('run.json').exists()"
    )
    (pytester.path / "run.json").write_text("old")
    pytester.runpytest_inprocess("--kvmpmu-report=run.json").assert_outcomes(passed=1)
    assert read(pytester.path / "run.json").results


FAILS = (
    PASSES
    + """
    def test_fails(kvm):
        assert False

    def test_later(kvm): pass
"""
)
INTERRUPTED = (
    PASSES
    + """
    def test_interrupted(kvm):
        raise KeyboardInterrupt

    def test_later(kvm): pass
"""
)


def stopped(pytester: pytest.Pytester) -> pytest.RunResult:
    pytester.makepyfile(FAILS)
    return pytester.runpytest_subprocess(
        "--kvmpmu-report=run.json", "--kvmpmu-report=run.html", "-x"
    )


def interrupted(pytester: pytest.Pytester) -> pytest.RunResult:
    pytester.makepyfile(INTERRUPTED)
    return pytester.runpytest_subprocess("--kvmpmu-report=run.json", "--kvmpmu-report=run.html")


def not_collected(pytester: pytest.Pytester) -> pytest.RunResult:
    pytester.makepyfile(test_a=PASSES, test_b="import no_such_module")
    return pytester.runpytest_subprocess(
        "--kvmpmu-report=run.json", "--kvmpmu-report=run.html", "--continue-on-collection-errors"
    )


@pytest.mark.parametrize(
    ("how", "says", "count"),
    [
        (stopped, "the run ended early, after 4 of 5 tests", 4),
        (interrupted, "the run ended early, after 3 of 5 tests", 4),
        (not_collected, "1 file could not be collected", 3),
    ],
)
def test_a_run_that_ended_early_gives_a_report_that_says_so(
    how: Callable[[pytest.Pytester], pytest.RunResult],
    says: str,
    count: int,
    pytester: pytest.Pytester,
) -> None:
    result = how(pytester)
    assert result.ret != 0
    assert said(result)[-1] == f"partial: {says}"
    found = read(pytester.path / "run.json")
    assert (found.partial, len(found.results)) == (says, count)
    assert says in (pytester.path / "run.html").read_text(encoding="utf-8")


def test_a_run_that_lost_a_worker_has_an_error_where_that_was(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        PASSES + "\n    def test_dies(kvm):\n        import os\n        os._exit(1)\n"
    )
    result = pytester.runpytest_inprocess("--kvmpmu-report=run.json", "-n1")
    found = read(pytester.path / "run.json")
    assert found.partial == ""
    assert [one.status.value for one in found.results] == ["error", "pass", "pass", "pass"]
    assert said(result) == ["reported 4 specs in run.json"]


@WORKERS
def test_a_run_without_specs_has_no_report_and_is_not_green(
    workers: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_inprocess("--kvmpmu-report=run.json", *workers)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said(result)[0].startswith(
        "not reported: no test that used a kernel or the model ended. "
    )
    assert left(pytester) == []


def test_what_has_no_form_in_utf_8_is_escaped(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(kvm): raise ValueError('\\udcff')")
    forms = [f"--kvmpmu-report=run.{one}" for one in FORMS]
    result = pytester.runpytest_inprocess(*forms)
    assert len(said(result)) == len(FORMS)
    for form in FORMS:
        assert "\\udcff" in (pytester.path / f"run.{form}").read_text(encoding="utf-8")


def test_a_failed_run_keeps_its_exit_status(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): assert False")
    result = pytester.runpytest_inprocess("--kvmpmu-report=run.json")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert said(result)[0].startswith("not reported: ")


@pytest.mark.parametrize("arg", ["--collect-only", "--version", "--help"])
def test_what_runs_no_test_touches_no_file(arg: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PASSES)
    (pytester.path / "run.json").write_text("old")
    pytester.runpytest_inprocess("--kvmpmu-report=run.json", arg)
    assert (pytester.path / "run.json").read_text() == "old"


def test_a_disk_that_is_full_at_the_end_is_no_success(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PASSES)
    pytester.makeconftest(FULL_DISK)
    result = pytester.runpytest_subprocess("--kvmpmu-report=run.json")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "run.json cannot be written: No space left on device" in said(result)[0]
    assert left(pytester) == []


def test_workers_on_different_kernels_make_no_report(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PASSES)
    pytester.makeconftest(KERNEL_OF_EACH_WORKER)
    result = pytester.runpytest_subprocess("--kvmpmu-report=run.json", "-n2")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert said(result)[0].startswith("not reported: the workers ran on different kernels")


def test_junit_is_one_suite_with_a_case_for_each_spec_and_flat_properties(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(SPECS)
    pytester.runpytest_inprocess("--junitxml=junit.xml", "--kvmpmu-report=run.json")
    root = ElementTree.parse(pytester.path / "junit.xml").getroot()
    assert [child.tag for child in root] == ["testsuite"]
    cases = root.findall("testsuite/testcase")
    results = {one.spec: one for one in read(pytester.path / "run.json").results}
    assert len(cases) == len(results)
    for case in cases:
        found = [(one.get("name", ""), one.get("value", "")) for one in case.iter("property")]
        assert all(name.startswith("kvmpmu_") for name, _ in found)
        assert not any("\n" in value for _, value in found)
        given = dict(found)
        result = results[given["kvmpmu_spec"]]
        assert given["kvmpmu_status"] == result.status.kcidb
        assert given["kvmpmu_board"] == "rockpro64"
        assert given["kvmpmu_kernel"].startswith("backend model, kernel ")
        assert tuple(v for name, v in found if name == "kvmpmu_clause") == result.clauses


def test_the_same_file_twice_is_one(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PASSES)
    path: Path = pytester.path / "run.ktap"
    result = pytester.runpytest_inprocess("--kvmpmu-report=run.ktap", f"--kvmpmu-report={path}")
    assert len(said(result)) == 1
    assert len(parse(path.read_text())) == 1
