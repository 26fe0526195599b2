"""What pytest says of the plugin: its options, markers and fixtures; and when it is in use."""

from __future__ import annotations

from pathlib import Path

import pytest

from .test_config import PLAIN, header


def test_the_plugin_can_be_turned_off(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PLAIN)
    result = pytester.runpytest_inprocess("-p", "no:kvmpmu", "--fixtures")
    assert result.ret == 0
    result.stdout.no_fnmatch_line("*kvmpmu*")
    pytester.runpytest_inprocess("-p", "no:kvmpmu").assert_outcomes(passed=1)


def test_markers_are_listed(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--markers")
    result.stdout.fnmatch_lines(
        [
            "@pytest.mark.kvmpmu_clause(slug, ...): *",
            "@pytest.mark.kvmpmu_requires(capability, ...): *two-pmus*",
            "@pytest.mark.kvmpmu_revision(since=None, until=None): *",
        ]
    )


def test_fixtures_are_listed_with_their_sentence(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--fixtures")
    for name in (
        "kvmpmu_backend",
        "kvm",
        "host",
        "pmus",
        "vm",
        "vcpu",
        "gic",
        "pmu_guest",
        "story",
    ):
        result.stdout.fnmatch_lines([f"{name}* -- *fixtures.py:*", "    *."])
    result.stdout.no_fnmatch_line("*fixtures.py*no docstring available*")


def test_help_lists_options_and_ini_keys(pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess("--help")
    for name in (
        "backend",
        "target",
        "kernel",
        "topology",
        "timeout",
        "lab-cpu",
        "cache-dir",
        "record",
    ):
        result.stdout.fnmatch_lines([f"*--kvmpmu-{name}=*"])
        result.stdout.fnmatch_lines([f"*kvmpmu_{name.replace('-', '_')} (str*):*"])
    assert header(result) == []


@pytest.mark.parametrize("args", [["--version"], ["--version", "--version"]])
def test_version_is_pytests_own(args: list[str], pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(*args)
    assert result.ret == 0
    assert header(result) == []


def test_the_specs_by_module_are_in_use_without_options(pytester: pytest.Pytester) -> None:
    # In a checkout the package has no such module: the run ends after its header.
    result = pytester.runpytest_inprocess("--pyargs", "pytest_kvmpmu.conformance.nowhere")
    assert len(header(result)) == 1
    plain = pytester.runpytest_inprocess("pytest_kvmpmu.conformance.nowhere")
    assert header(plain) == []


def test_the_specs_by_path_are_in_use_without_options(pytester: pytest.Pytester) -> None:
    from pytest_kvmpmu.support.resources import conformance_dir

    spec = next(Path(conformance_dir()).glob("test_vcpu_1_4*.py"))
    result = pytester.runpytest_subprocess(f"{spec}::test_get_is_refused")
    lines = result.outlines
    assert lines.index(header(result)[0]) < lines.index("collected 1 item")
    result.assert_outcomes(passed=1)
