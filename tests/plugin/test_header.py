"""The line of a run that says which backend, kernel and host it uses."""

from __future__ import annotations

import pytest

from .test_config import PLAIN, USES, header


def test_the_header_names_the_backend_the_kernel_and_the_host(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USES)
    result = pytester.runpytest_inprocess("--kvmpmu-kernel=6.1.119", "--kvmpmu-timeout=2.5")
    assert header(result) == [
        "kvmpmu: backend model, kernel 6.1.119 as linux-6.0, topology rockpro64,"
        " PMUs armv8_cortex_a53=8 (cpus 0-3), armv8_cortex_a72=9 (cpus 4-5), timeout 2.5 s"
    ]
    result.assert_outcomes(passed=1)


def test_a_revision_by_name_is_named_once(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USES)
    (line,) = header(pytester.runpytest_inprocess("--kvmpmu-kernel=series-v1"))
    assert "kernel series-v1, topology" in line


def test_a_newer_kernel_than_any_checked_is_noted_in_the_header(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(USES)
    (line,) = header(pytester.runpytest_inprocess("--kvmpmu-kernel=99.0"))
    assert "kernel 99.0 is newer than" in line


def test_the_line_stands_in_the_header_when_an_option_was_given(
    pytester: pytest.Pytester,
) -> None:
    pytester.makepyfile(PLAIN)
    result = pytester.runpytest_inprocess("--kvmpmu-backend=model")
    lines = result.outlines
    assert lines.index(header(result)[0]) < lines.index("collected 1 item")
    result.assert_outcomes(passed=1)


def test_without_options_the_line_comes_after_collection(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USES)
    result = pytester.runpytest_inprocess()
    (line,) = header(result)
    assert result.outlines.index(line) == result.outlines.index("collected 1 item") + 1
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("args", [[], ["--collect-only", "--kvmpmu-backend=model"]])
def test_a_run_that_needs_no_backend_has_no_line(
    args: list[str], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(PLAIN)
    result = pytester.runpytest_inprocess(*args)
    assert header(result) == []
    result.stdout.no_fnmatch_line("*kvmpmu *")
