"""Each spec's result: judged in the process of the test, gathered by the controller."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.report.results.result import Status
from pytest_kvmpmu.support.resources import conformance_dir

from .gathered import SPECS, gather

EXPECTED = {
    "test_pass": (Status.PASS, "", ""),
    "test_refused": (Status.FAIL, "ENXIO", "KVM_SET_DEVICE_ATTR(KVM_ARM_VCPU_PMU_V3_SET_PMU)"),
    "test_another_errno": (Status.FAIL, "ENXIO", "expected EINVAL, got KVM_SET_DEVICE_ATTR"),
    "test_accepted": (Status.FAIL, "0", "expected EINVAL, but the call succeeded"),
    "test_plain_assert": (Status.FAIL, "", "assert 1 == 2"),
    "test_refused_in_setup": (Status.FAIL, "ENXIO", "KVM_SET_DEVICE_ATTR"),
    "test_refused_in_teardown": (Status.FAIL, "ENXIO", "KVM_SET_DEVICE_ATTR"),
    "test_exception_of_ours": (Status.ERROR, "", "AttributeError: 'Vcpu' object has no"),
    "test_backend_broke": (Status.ERROR, "", "BackendFailure: the machine is gone"),
    "test_both": (Status.FAIL, "ENXIO", "KVM_SET_DEVICE_ATTR"),
    "test_not_applicable": (Status.SKIP, "", "set-pmu.absent holds until linux-5.11"),
    "test_lacking": (Status.MISS, "", "the host has no GICv5"),
    "test_skipped_by_hand": (Status.MISS, "", "not today"),
    "test_expected_to_fail": (Status.FAIL, "ENXIO", "KVM_SET_DEVICE_ATTR"),
    "test_unexpected_pass": (Status.FAIL, "", "[XPASS(strict)] a bug that is gone"),
    "test_clause_alone": (Status.PASS, "", ""),
}


def test_each_spec_has_a_status_an_errno_and_a_reason(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SPECS)
    results = gather(pytester).results
    assert set(results) == set(EXPECTED)
    for name, (status, errno, reason) in EXPECTED.items():
        found = results[name]
        assert (name, found.status, found.errno) == (name, status, errno)
        assert found.reason.startswith(reason), name
        assert bool(found.reason) == bool(reason), name


def test_a_result_has_clauses_story_time_and_what_was_expected(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SPECS)
    results = gather(pytester).results
    assert results["test_refused"].clauses == ("set-pmu.enxio", "set-pmu.set")
    assert results["test_pass"].story == ("row | column | text",)
    assert results["test_expected_to_fail"].waived == "a known bug"
    assert results["test_refused"].waived == ""
    assert all(result.seconds > 0 for result in results.values())


def test_a_failures_sections_are_the_failure_and_what_was_printed(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(SPECS)
    results = gather(pytester).results
    sections = dict(results["test_refused"].sections)
    assert set(sections) == {"failure in call", "Captured stdout call"}
    assert sections["Captured stdout call"] == "a word of its own\n"
    assert "ENXIO" in sections["failure in call"]
    assert results["test_pass"].sections == ()


@pytest.mark.parametrize("keep", [True, False])
def test_the_calls_of_passed_specs_are_kept_where_that_is_asked_for(
    keep: bool, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(SPECS)
    results = gather(pytester, "-p", "no:xdist", keep=keep).results
    assert bool(results["test_pass"].calls) == keep
    last = results["test_refused"].calls[-1]
    assert last["call"]["attr"] == "KVM_ARM_VCPU_PMU_V3_SET_PMU"
    assert last["outcome"] == {"ret": -1, "errno": "ENXIO"}


def test_a_call_without_an_answer_has_no_outcome(pytester: pytest.Pytester) -> None:
    pytester.makepyfile('def test_it(kvm): kvm.check_extension("KVM_CAP_ONE_REG")')
    (result,) = gather(pytester).gathered.results
    assert result.status is Status.ERROR
    assert result.calls[-1]["outcome"] is None


def test_our_specs_have_one_name_wherever_they_are(pytester: pytest.Pytester) -> None:
    paths = [str(conformance_dir() / name) for name in ("test_two_vms.py", "test_two_threads.py")]
    results = gather(pytester, *paths, f"--rootdir={pytester.path}").gathered.results
    files = [result.spec.partition("::")[0] for result in results]
    assert set(files) == {"conformance/test_two_vms.py", "conformance/test_two_threads.py"}
    assert all(result.node_id != result.spec for result in results)


def test_tests_that_pytest_calls_alike_are_kept_apart(
    pytester: pytest.Pytester, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("specs")
    for name in ("test_a.py", "test_b.py"):
        (folder / name).write_text("def test_it(kvm): pass\n")
    paths = [str(folder / name) for name in ("test_a.py", "test_b.py")]
    found = gather(pytester, *paths, f"--rootdir={pytester.path}", "-p", "no:cacheprovider")
    assert len(found.gathered.results) == 2


def test_a_group_of_exceptions_is_a_failure_if_one_in_it_is(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        class Group(Exception):
            exceptions = ()

        class Failure(Group):
            exceptions = (ValueError(), AssertionError())

        class Error(Group):
            exceptions = (ValueError(), KeyError())

        def test_failure(kvm): raise Failure
        def test_error(kvm): raise Error
        """
    )
    results = gather(pytester).results
    assert results["test_failure"].status is Status.FAIL
    assert results["test_error"].status is Status.ERROR


def test_strictness_alone_is_told_from_a_failure(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.fixture
        def broken(kvm):
            yield
            assert False

        @pytest.mark.kvmpmu_clause("attr.flags")
        def test_strict(kvm): pass

        @pytest.mark.kvmpmu_clause("attr.flags")
        def test_worse(broken): pass
        """
    )
    results = gather(pytester, "--kvmpmu-strict-spec").results
    assert [(r.status, r.strict) for r in results.values()] == [
        (Status.FAIL, True),
        (Status.FAIL, False),
    ]


def test_what_the_run_was_on_has_command_line_versions_and_seeds(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile("def test_it(kvm): pass")
    run = gather(pytester, "-p", "hypothesispytest", "--hypothesis-seed=7").gathered.run
    assert run is not None
    assert (run.kernel, run.board, run.on.backend) == ("linux-5.18", "rockpro64", "model")
    assert run.command[0] == "pytest"
    assert "--kvmpmu-kernel=linux-5.18" in run.command
    assert run.seeds["hypothesis"] == "7"
    assert set(run.on.versions) == {"pytest-kvmpmu", "python", "pytest"}


def test_a_run_without_a_backend_was_on_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_it(): pass")
    found = gather(pytester).gathered
    assert (found.run, found.results) == (None, [])


def test_junit_has_name_board_and_status_of_each_spec(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    pytester.makepyfile(SPECS)
    pytester.runpytest_inprocess(f"--junitxml={tmp_path / 'junit.xml'}", "-k", "test_lacking")
    text = (tmp_path / "junit.xml").read_text(encoding="utf-8")
    for name, value in {
        "kvmpmu_status": "MISS",
        "kvmpmu_board": "rockpro64",
        "kvmpmu_spec": "test_junit_has_name_board_and_status_of_each_spec.py::test_lacking",
    }.items():
        assert text.count(f'<property name="{name}" value="{value}"') == 1
