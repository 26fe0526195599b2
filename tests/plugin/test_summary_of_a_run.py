"""What a run prints at its end: clauses, and scripts that reproduce a failure."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pytest_kvmpmu import commands

SPECS = """
    import pytest
    from pytest_kvmpmu.kvm.expect import refused
    from pytest_kvmpmu.uapi.errno import Errno

    @pytest.mark.kvmpmu_clause("set-pmu.set")
    def test_good(vcpu, pmus):
        vcpu.set_pmu(pmus[0])

    @pytest.mark.kvmpmu_clause("set-pmu.enxio", "set-pmu.set")
    def test_bad(vcpu):
        vcpu.set_pmu(99)

    @pytest.mark.kvmpmu_clause("irq.set")
    def test_good_too(vcpu, gic):
        vcpu.set_irq(23)
"""
PLAY = "calls, as a script for kvmpmu play"


def script_of(result: pytest.RunResult) -> list[str]:
    """The lines of the first play script in a run's output."""
    lines = result.outlines
    start = next(number for number, line in enumerate(lines) if PLAY in line) + 1
    end = next(n for n, line in enumerate(lines[start:], start) if line.startswith("---"))
    return lines[start:end]


def test_passed_and_failed_clauses_are_counted_and_the_failed_ones_named(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(SPECS)
    result = pytester.runpytest_inprocess("--kvmpmu-kernel=linux-5.18")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*= kvmpmu =*",
            "backend model, kernel linux-5.18, topology rockpro64, *",
            "clauses verified: 1, violated: 2",
            "  violated: set-pmu.enxio",
            "  violated: set-pmu.set",
        ]
    )


def test_a_run_without_a_backend_has_no_summary(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    pytester.runpytest_inprocess().stdout.no_fnmatch_line("*= kvmpmu =*")


def test_no_summary_is_kept_to(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SPECS)
    args = ["--no-summary", "--kvmpmu-kernel=linux-5.18", "--kvmpmu-report=run.json"]
    result = pytester.runpytest_inprocess(*args)
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.no_fnmatch_line("*= kvmpmu =*")
    result.stdout.no_fnmatch_line("*clauses verified*")
    assert (pytester.path / "run.json").exists()


def test_no_summary_leaves_the_gate_its_exit_status(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SPECS)
    args = ["--no-summary", "-k", "good", "--kvmpmu-gate=conformant"]
    result = pytester.runpytest_inprocess(*args)
    result.assert_outcomes(passed=2, deselected=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.no_fnmatch_line("*verdict*")


def test_an_error_in_a_fixture_violates_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import pytest\n"
        "@pytest.fixture\n"
        "def broken(vcpu): vcpu.set_pmu(99)\n"
        '@pytest.mark.kvmpmu_clause("set-pmu.set")\n'
        "def test_it(broken): pass\n"
    )
    result = pytester.runpytest_inprocess("--kvmpmu-kernel=linux-5.18")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["  violated: set-pmu.set"])
    assert script_of(result)


def test_a_clause_one_of_whose_tests_failed_is_not_verified_by_another(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(SPECS)
    result = pytester.runpytest_inprocess("-k", "test_good or test_bad")
    result.stdout.fnmatch_lines(["  violated: set-pmu.set"])
    result.stdout.no_fnmatch_line("*verified: 2*")


def test_a_failures_message_is_the_ioctl_and_its_errno(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SPECS)
    result = pytester.runpytest_inprocess("-k", "bad")
    result.stdout.fnmatch_lines(
        ["E*KVM_SET_DEVICE_ATTR(KVM_ARM_VCPU_PMU_V3_SET_PMU) on vcpu0 from CPU 0: ENXIO (*"]
    )


def test_a_failures_script_reproduces_it(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    pytester.makepyfile(SPECS)
    result = pytester.runpytest_inprocess("-k", "bad", "--kvmpmu-kernel=linux-5.18")
    path = pytester.path / "failure.jsonl"
    path.write_text("\n".join(script_of(result)))
    capsys.readouterr()
    assert commands.main(["play", str(path), "--kernel=linux-5.18"]) == 0
    outcomes = capsys.readouterr().out.splitlines()
    assert json.loads(outcomes[-1]) == {"ret": -1, "errno": "ENXIO"}
    lines = result.outlines
    start = next(n for n, line in enumerate(lines) if "their outcomes" in line) + 1
    assert lines[start : start + len(outcomes)] == outcomes


def test_a_passed_test_has_no_script(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SPECS)
    result = pytester.runpytest_inprocess("-k", "good", "-rA")
    result.assert_outcomes(passed=2, deselected=1)
    result.stdout.no_fnmatch_line(f"*{PLAY}*")


def test_a_failure_without_a_call_has_no_script(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(kvm): assert False")
    pytester.runpytest_inprocess().stdout.no_fnmatch_line(f"*{PLAY}*")


def test_a_call_that_had_no_answer_is_in_the_script(pytester: pytest.Pytester) -> None:
    pytester.makepyfile('def test_it(kvm): kvm.check_extension("KVM_CAP_ONE_REG")')
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E*the model does not cover *", "*their outcomes*", "no answer"])
    assert json.loads(script_of(result)[-1])["call"] == "KVM_CHECK_EXTENSION"


def test_clauses_and_kernel_are_in_the_junit_report(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    pytester.makepyfile(SPECS)
    pytester.runpytest_inprocess(f"--junitxml={tmp_path / 'junit.xml'}", "-k", "bad")
    report = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    assert '<property name="kvmpmu_clause" value="set-pmu.enxio"' in report
    assert '<property name="kvmpmu_kernel" value="backend model, kernel ' in report


def test_a_long_message_is_whole_in_the_junit_report(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    # pytest 9.2 shortens the attribute to 500 characters and a note.
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.kvmpmu_clause("set-pmu.enxio")
        def test_bad(vcpu):
            assert False, "\\n".join(f"line {n} of the reason" for n in range(100))
        """
    )
    pytester.runpytest_inprocess(f"--junitxml={tmp_path / 'junit.xml'}")
    (case,) = ElementTree.parse(tmp_path / "junit.xml").iter("testcase")
    failure = case.find("failure")
    assert failure is not None
    assert failure.attrib["message"].startswith("AssertionError: line 0 of the reason")
    assert failure.text is not None
    for number in range(100):
        assert f"line {number} of the reason" in failure.text
    properties = {each.attrib["name"]: each.attrib["value"] for each in case.iter("property")}
    assert properties["kvmpmu_clause"] == "set-pmu.enxio"
    assert properties["kvmpmu_status"] == "FAIL"
    assert properties["kvmpmu_kernel"].startswith("backend model, kernel ")
