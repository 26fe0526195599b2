"""A run whose target is unavailable: its reports, and the one error that it ends with."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from pytest_kvmpmu.commands import main
from pytest_kvmpmu.report.pages.matrix import matrix
from pytest_kvmpmu.report.results.conclusion import Verdict
from pytest_kvmpmu.report.results.document import Report, dump, read
from pytest_kvmpmu.report.results.result import Status

from ...inner_runs import usage_error
from ...report.ktap_parser import parse
from ...report.results.test_document import SCHEMA_TEXT

GONE = """
    from pytest_kvmpmu.errors import UsageProblem

    def make(settings):
        raise UsageProblem("no board is plugged in", "Plug one in")

    def pytest_kvmpmu_backends():
        return {"gone": make}
"""
SPECS = """
    import pytest

    @pytest.mark.kvmpmu_clause("irq.set")
    @pytest.mark.parametrize("which", [0, 1])
    def test_it(which, vcpu): raise SystemError("it ran")

    def test_left(vcpu): pass

    def test_other(): raise SystemError("it ran")
"""
REASON = "no target: no board is plugged in. Plug one in."
FORMS = ("json", "ktap", "md", "html")
WORKERS = pytest.mark.parametrize("how", [(), ("-n2",)], ids=["alone", "two-workers"])


def run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    pytester.makeconftest(GONE)
    pytester.makepyfile(test_specs=SPECS)
    return pytester.runpytest_inprocess("--deselect=test_specs.py::test_left", *args)


@WORKERS
@pytest.mark.parametrize("ini", [False, True], ids=["option", "ini"])
def test_every_form_says_that_the_specs_are_missed(
    ini: bool, how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makeini("[pytest]\nkvmpmu_backend = gone\n" if ini else "[pytest]\n")
    args = [f"--kvmpmu-report=run.{one}" for one in FORMS]
    args += [] if ini else ["--kvmpmu-backend=gone", "--kvmpmu-gate=conformant"]
    result = run(pytester, *args, *how, "--junitxml=junit.xml")
    assert usage_error(result).endswith(": no board is plugged in. Plug one in.")
    result.stdout.fnmatch_lines([f"reported 2 specs in run.{one}" for one in FORMS])
    result.stdout.no_fnmatch_line("verdict: *")
    found = read(pytester.path / "run.json")
    assert [(one.spec, one.status, one.reason) for one in found.results] == [
        (f"test_specs.py::test_it[{n}]", Status.MISS, REASON) for n in (0, 1)
    ]
    assert found.results[0].clauses == ("irq.set",)
    assert found.partial == REASON
    assert found.run.missing == "no board is plugged in. Plug one in."
    assert found.left_out is not None
    assert found.left_out.deselected == {"test_specs.py::test_left": ()}
    for form in ("md", "html"):
        assert REASON in (pytester.path / f"run.{form}").read_text(encoding="utf-8")
    tests = parse((pytester.path / "run.ktap").read_text(encoding="utf-8"))
    assert len(tests) == 2  # the file, and the test that marks it as partial
    check_junit(pytester.path / "junit.xml")


def check_junit(path: Path) -> None:
    cases = ElementTree.parse(path).getroot().findall("testsuite/testcase")
    assert [case.get("name") for case in cases] == ["test_it[0]", "test_it[1]"]
    for case in cases:
        (error,) = case.findall("error")
        assert REASON in (error.get("message") or "")
        given = {one.get("name"): one.get("value") for one in case.iter("property")}
        assert given["kvmpmu_status"] == "MISS"
        assert given["kvmpmu_clause"] == "irq.set"


@WORKERS
def test_a_run_without_report_ends_before_it_collects(
    how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    result = run(pytester, "--kvmpmu-backend=gone", *how)
    assert usage_error(result).endswith(": no board is plugged in. Plug one in.")
    result.stdout.no_fnmatch_line("collected *")


@WORKERS
def test_where_there_is_no_spec_the_error_is_the_same(
    how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makeconftest(GONE)
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_inprocess("--kvmpmu-backend=gone", "--junitxml=junit.xml", *how)
    assert usage_error(result).endswith(": no board is plugged in. Plug one in.")


def test_what_failed_before_is_still_what_failed_last(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(GONE)
    pytester.makepyfile(test_specs="def test_bad(vcpu): assert False\ndef test_good(vcpu): pass")
    pytester.runpytest_inprocess()
    usage_error(pytester.runpytest_inprocess("--kvmpmu-backend=gone", "--kvmpmu-report=run.json"))
    pytester.runpytest_inprocess("--lf").assert_outcomes(failed=1)


def test_a_required_capability_that_is_missing_is_no_target(pytester: pytest.Pytester) -> None:
    result = run(
        pytester,
        "--kvmpmu-topology=one-pmu",
        "--kvmpmu-require=two-pmus",
        "--kvmpmu-report=run.json",
    )
    assert "--kvmpmu-require=two-pmus is not met" in usage_error(result)
    assert {one.status for one in read(pytester.path / "run.json").results} == {Status.MISS}


@pytest.fixture
def missed(pytester: pytest.Pytester) -> Report:
    run(pytester, "--kvmpmu-backend=gone", "--kvmpmu-report=run.json")
    return read(pytester.path / "run.json")


def test_its_report_is_as_the_schema_says(missed: Report, tmp_path: Path) -> None:
    lines = dump(missed).splitlines()
    for line in lines:
        jsonschema.validate(json.loads(line), SCHEMA_TEXT)
    header = json.loads(lines[0])
    del header["missing"]
    assert not jsonschema.Draft202012Validator(SCHEMA_TEXT).is_valid(header)
    assert (missed.run.kernel, missed.run.board) == ("no kernel", "gone")


def test_beside_others_it_is_not_verified_and_no_gate_is_met(
    missed: Report, capsys: pytest.CaptureFixture[str]
) -> None:
    found = matrix([missed, missed])  # two unavailable boards are not an error
    assert [one.verdicts.verdict for one in found.kernels] == [Verdict.NOT_VERIFIED]
    capsys.readouterr()
    assert main(["report", missed.source, "--gate=conformant-on-host"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "kernel no kernel (gone) on gone: not verified (clauses: none checked)",
        f"  partial: gone: {REASON}",
        "--gate=conformant-on-host is not met: kernel no kernel: not verified",
    ]
