"""Differences between documentation and kernel are named, and with strict_spec they fail."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.spec.catalogue import clause

from ..inner_runs import WORKERS

SPECS = """
    import pytest

    @pytest.mark.kvmpmu_clause("set-pmu.no-gic", "set-pmu.set")
    def test_divergent(vcpu, pmus, story):
        story("row", "column", "seen")
        vcpu.set_pmu(pmus[0])

    @pytest.mark.kvmpmu_clause("set-pmu.set")
    def test_documented(vcpu, pmus):
        vcpu.set_pmu(pmus[0])

    @pytest.mark.kvmpmu_clause("set-pmu.no-gic")
    def test_without_a_kernel(): pass
"""
CITED = clause("set-pmu.no-gic")
DIFFERENCE = [
    f"  {CITED.slug} ({CITED.section}): {CITED.text}",
    f"    kernel: {CITED.statement}",
]


def run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess("--kvmpmu-kernel=linux-5.18", *args)


@WORKERS
def test_a_verified_divergence_is_in_the_summary(
    workers: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(SPECS)
    result = run(pytester, *workers)
    result.assert_outcomes(passed=3)
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        ["clauses verified: 2, violated: 0", "documentation and kernel differ: 1", *DIFFERENCE],
        consecutive=True,
    )


@WORKERS
@pytest.mark.parametrize("how", ["option", "ini"])
def test_strict_spec_fails_the_tests_that_cite_it_and_counts_them_as_verified(
    how: str, workers: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(SPECS)
    pytester.makeini(f"[pytest]\nkvmpmu_strict_spec = {'true' if how == 'ini' else 'false'}\n")
    result = run(pytester, *workers, *(["--kvmpmu-strict-spec"] if how == "option" else []))
    result.assert_outcomes(passed=2, failed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(
        [
            "*_ test_divergent _*",
            "documentation and kernel differ:",
            *DIFFERENCE,
            "row  seen",
            "clauses verified: 2, violated: 0",
            "documentation and kernel differ: 1; --kvmpmu-strict-spec fails the run",
            *DIFFERENCE,
        ]
    )


def test_a_difference_that_the_run_did_not_verify_is_not_in_the_summary(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.kvmpmu_clause("set-pmu.no-gic")
        def test_fails(vcpu):
            raise AssertionError("on its own")
        """
    )
    result = run(pytester, "--kvmpmu-strict-spec")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["E*AssertionError: on its own", "clauses verified: 0, violated: 1"]
    )
    result.stdout.no_fnmatch_line("*documentation and kernel differ*")


def test_an_expected_failure_covers_the_difference_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.xfail(reason="known", strict=True)
        @pytest.mark.kvmpmu_clause("set-pmu.no-gic")
        def test_known(vcpu, pmus):
            vcpu.set_pmu(pmus[0])
        """
    )
    result = run(pytester, "--kvmpmu-strict-spec")
    result.assert_outcomes(xfailed=1)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["documentation and kernel differ: 1; *", *DIFFERENCE])
