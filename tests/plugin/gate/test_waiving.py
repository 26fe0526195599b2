"""``--kvmpmu-waivers`` in a run: which failures it accepts."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.report.results.result import Status

from ...inner_runs import usage_error
from ..results.gathered import AtTheEnd
from .conftest import section
from .test_judging import WORKERS
from .waiving import IRQ, SPECS, run, waivers


@WORKERS
@pytest.mark.usefixtures("two_clauses")
def test_a_failure_that_is_listed_is_an_expected_one(
    how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    waivers(pytester, IRQ)
    pytester.makepyfile(test_specs=SPECS)
    result = run(pytester, "--kvmpmu-gate=conformant", "-rx", *how)
    result.assert_outcomes(passed=1, xfailed=2)
    assert result.ret == 0
    assert section(result) == [
        "verdict: conformant with waivers (clauses: 1 waived, 1 conformant)",
        "waivers: 1 in use",
        "  waived: w.toml:1 (test_specs.py::test_irq), 2 specs: a known bug",
        "--kvmpmu-gate=conformant is met",
    ]
    result.stdout.fnmatch_lines(
        [
            "clauses verified: 1, violated: 0, waived: 1",
            "XFAIL test_specs.py::test_irq[[]3[]] - a known bug (https://bugs.example.org/7)",
        ]
    )


def test_its_result_says_that_it_failed_and_was_waived(
    pytester: pytest.Pytester, tmp_path: Path
) -> None:
    waivers(pytester, IRQ)
    pytester.makepyfile(test_specs=SPECS)
    end = AtTheEnd()
    junit = tmp_path / "junit.xml"
    pytester.runpytest_inprocess("--kvmpmu-waivers=w.toml", f"--junitxml={junit}", plugins=[end])
    first = end.gathered.results[0]
    assert (first.status, first.errno) == (Status.FAIL, "EINVAL")
    assert first.waived == "a known bug (https://bugs.example.org/7)"
    assert 'name="kvmpmu_waiver" value="w.toml:1 (test_specs.py::test_irq)"' in junit.read_text()


@pytest.mark.parametrize("gate", ["--kvmpmu-gate=conformant", "--kvmpmu-gate=conformant-on-host"])
@pytest.mark.usefixtures("two_clauses")
def test_a_waived_clause_needs_its_other_specs_all_the_same(
    gate: str, pytester: pytest.Pytester
) -> None:
    waivers(pytester, IRQ)
    pytester.makepyfile(test_specs=SPECS)
    result = run(pytester, gate, "-k", "set or 3")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "  not verified: specs were deselected: irq.set" in section(result)


def test_a_clause_can_be_waived(pytester: pytest.Pytester) -> None:
    waivers(pytester, 'clause = "irq.set"\nerrno = "EINVAL"\n')
    pytester.makepyfile(test_specs=SPECS)
    result = run(pytester)
    result.assert_outcomes(passed=1, xfailed=2)
    assert result.ret == 0


def test_a_message_can_be_waived(pytester: pytest.Pytester) -> None:
    waivers(pytester, 'spec = "test_specs.py::test_it"\nmessage = "assert 1 == ..."\n')
    pytester.makepyfile(test_specs="def test_it(vcpu):\n    assert 1 == 2\n")
    result = run(pytester)
    result.assert_outcomes(xfailed=1)
    assert result.ret == 0


def test_a_call_that_was_accepted_can_be_waived(pytester: pytest.Pytester) -> None:
    waivers(pytester, 'spec = "test_specs.py::test_it"\nerrno = "0"\n')
    pytester.makepyfile(
        test_specs="""
        from pytest_kvmpmu.kvm.expect import refused
        from pytest_kvmpmu.uapi.errno import Errno

        def test_it(vcpu, pmus):
            with refused(Errno.EINVAL):
                vcpu.set_pmu(pmus[0])
        """
    )
    assert run(pytester).ret == 0


@pytest.mark.parametrize(
    ("fixture", "outcome"),
    [
        ("vcpu.set_pmu(99); yield", {"xfailed": 1}),
        ("yield; vcpu.set_pmu(99)", {"passed": 1, "xfailed": 1}),
    ],
    ids=["setup", "teardown"],
)
def test_a_failure_around_a_test_can_be_waived(
    fixture: str, outcome: dict[str, int], pytester: pytest.Pytester
) -> None:
    waivers(pytester, 'spec = "test_specs.py::test_it"\nerrno = "ENXIO"\n')
    pytester.makepyfile(
        test_specs=f"import pytest\n@pytest.fixture\ndef around(vcpu): {fixture}\n"
        "def test_it(around): pass\n"
    )
    result = run(pytester)
    result.assert_outcomes(**outcome)
    assert result.ret == 0


def test_what_broke_is_never_waived(pytester: pytest.Pytester) -> None:
    message = 'message = "BackendFailure: the machine is gone"\n'
    waivers(pytester, f'spec = "test_specs.py::test_it"\n{message}')
    pytester.makepyfile(
        test_specs="""
        from pytest_kvmpmu.errors import BackendFailure

        def test_it(vcpu):
            raise BackendFailure("the machine is gone")
        """
    )
    result = run(pytester)
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["stale waiver: w.toml:1 (*): another outcome: * got an error: *"])


def test_another_plugins_failure_is_not_waived(pytester: pytest.Pytester) -> None:
    waivers(pytester, 'spec = "test_specs.py::test_it"\nmessage = "assert 1 == 2"\n')
    pytester.makepyfile(test_specs="def test_it(): assert 1 == 2")
    result = run(pytester)
    result.assert_outcomes(failed=1)


def test_an_entry_is_for_its_kernels_and_board_alone(pytester: pytest.Pytester) -> None:
    entry = f'{IRQ}kernel = "<6.7"\nboard = "rockpro64"\n'
    waivers(pytester, entry)
    pytester.makepyfile(test_specs=SPECS)
    assert run(pytester, "--kvmpmu-kernel=6.1").ret == 0
    result = run(pytester, "--kvmpmu-kernel=6.7")
    result.assert_outcomes(passed=1, failed=2)
    assert "waivers: 1 for other kernels or boards" in section(result)
    other = run(pytester, "--kvmpmu-kernel=6.1", "--kvmpmu-topology=one-pmu")
    other.assert_outcomes(passed=1, failed=2)


def test_an_expired_entry_waives_nothing(pytester: pytest.Pytester) -> None:
    waivers(pytester, f"{IRQ}expires = 2020-02-29\n")
    pytester.makepyfile(test_specs=SPECS)
    run(pytester).assert_outcomes(passed=1, failed=2)


def test_an_ini_files_waivers_lie_beside_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    waivers(pytester, IRQ)
    pytester.makeini("[pytest]\nkvmpmu_waivers = w.toml\n")
    pytester.makepyfile(test_specs=SPECS)
    inner = pytester.mkdir("inner")
    monkeypatch.chdir(inner)
    assert pytester.runpytest_inprocess("..").ret == 0
    assert pytester.runpytest_inprocess("..", "--kvmpmu-waivers=").ret == 1


@WORKERS
def test_a_bad_file_ends_the_run_before_the_first_test(
    how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    waivers(pytester, 'spec = "test_specs.py::test_set"\nerrno = "EBANANA"\n')
    pytester.makepyfile(test_specs=SPECS)
    assert "w.toml:3: errno: 'EBANANA' is not an errno" in usage_error(run(pytester, *how))


def test_an_absent_file_does_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_specs=SPECS)
    assert "w.toml cannot be read: No such file" in usage_error(run(pytester))


def test_a_waived_spec_is_not_run_again_with_lf(pytester: pytest.Pytester) -> None:
    waivers(pytester, IRQ)
    pytester.makepyfile(test_specs=SPECS, test_more="def test_no(kvm): assert False")
    run(pytester).assert_outcomes(passed=1, xfailed=2, failed=1)
    run(pytester, "--lf").assert_outcomes(failed=1)


def test_a_waived_failure_does_not_stop_a_run(pytester: pytest.Pytester) -> None:
    waivers(pytester, IRQ)
    pytester.makepyfile(test_specs=SPECS)
    run(pytester, "-x").assert_outcomes(passed=1, xfailed=2)
