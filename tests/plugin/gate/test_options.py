"""``--kvmpmu-require``: what a run must have."""

from __future__ import annotations

import pytest

from ...inner_runs import usage_error
from .test_judging import WORKERS

USES = """
    def test_it(vcpu, pmus):
        vcpu.set_pmu(pmus[0])
"""
GUEST = """
    def test_guest(pmu_guest, pmus):
        pmu_guest(4, pmus[1]).run_payload("cycle-counter")
"""


@WORKERS
@pytest.mark.parametrize("require", ["two-pmus", "pmu, two-pmus", "ten-bit-events,"])
def test_what_the_host_has_lets_the_run_go_on(
    require: str, how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(USES)
    result = pytester.runpytest_inprocess(f"--kvmpmu-require={require}", *how)
    result.assert_outcomes(passed=1)
    assert result.ret == 0


@WORKERS
@pytest.mark.parametrize(
    ("require", "says"),
    [
        ("gicv5", "--kvmpmu-require=gicv5 is not met: the host has no GICv5"),
        ("pmu,no-pmu", "--kvmpmu-require=no-pmu is not met: the host has a PMU"),
        ("real", "--kvmpmu-require=real is not met: the backend is model"),
        ("two-pmu", "unknown capability 'two-pmu'. Did you mean 'two-pmus'?"),
        ("rael", "unknown capability 'rael'. Did you mean 'real'?"),
    ],
)
def test_what_it_lacks_ends_the_run_before_the_first_test(
    require: str, says: str, how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(USES)
    result = pytester.runpytest_inprocess(f"--kvmpmu-require={require}", *how)
    assert says in usage_error(result)


@WORKERS
def test_an_ini_file_can_require_too(how: tuple[str, ...], pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nkvmpmu_require = gicv5\n")
    pytester.makepyfile(test_uses=USES, test_other="def test_it(): pass")
    assert "=gicv5 is not met" in usage_error(pytester.runpytest_inprocess(*how))
    assert pytester.runpytest_inprocess("test_other.py").ret == 0


def test_two_quiet_workers_tell_what_is_lacking_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USES)
    result = pytester.runpytest_inprocess("-q", "-n2", "--kvmpmu-require=gicv5")
    assert "=gicv5 is not met" in usage_error(result)


def test_the_command_line_can_take_that_back(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nkvmpmu_require = gicv5\n")
    pytester.makepyfile(USES)
    assert pytester.runpytest_inprocess("--kvmpmu-require=").ret == 0


@WORKERS
def test_a_guest_that_ran_is_seen(how: tuple[str, ...], pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USES + GUEST)
    result = pytester.runpytest_inprocess("--kvmpmu-require=guest-run", *how)
    assert result.ret == 0


@WORKERS
def test_a_run_without_a_guest_fails_where_one_is_required(
    how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(USES)
    result = pytester.runpytest_inprocess("--kvmpmu-require=guest-run", *how)
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["--kvmpmu-require=guest-run is not met: no spec ran a guest"])


def test_a_guest_that_was_refused_did_not_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        def test_it(pmu_guest, pmus):
            pmu_guest(4, pmus[0]).attempt("KVM_RUN")
        """
    )
    result = pytester.runpytest_inprocess("--kvmpmu-require=guest-run")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_run_in_which_no_spec_ran_is_not_green(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.kvmpmu_clause("set-pmu.absent")
        def test_it(vcpu): pass
        """
    )
    result = pytester.runpytest_inprocess("--kvmpmu-require=two-pmus")
    result.assert_outcomes(skipped=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["--kvmpmu-require: no spec ran"])


def test_collection_alone_requires_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USES)
    assert pytester.runpytest_inprocess("--kvmpmu-require=gicv5", "--collect-only").ret == 0
