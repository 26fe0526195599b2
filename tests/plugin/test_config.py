"""The plugin's options in a run: bad values, ini twins, the header line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..inner_runs import usage_error

USES = """
    def test_it_runs(kvm):
        assert kvm.call("KVM_GET_API_VERSION").ret == 12
"""
PLAIN = "def test_plain(): pass"


BAD = [
    (["--kvmpmu-backend=modle"], "unknown backend 'modle'. Did you mean 'model'?"),
    (["--kvmpmu-target=lab:6.12"], "has no meaning with --kvmpmu-backend=model"),
    (
        ["--kvmpmu-backend=real", "--kvmpmu-target=moon"],
        "unknown target 'moon'. Known: local, lab:",
    ),
    (["--kvmpmu-backend=real", "--kvmpmu-target=lab:2.6"], "2.6"),
    (["--kvmpmu-lab-cpu=max"], "--kvmpmu-lab-cpu=max has no meaning without a lab"),
    (["--kvmpmu-backend=real", "--kvmpmu-lab-cpu=max"], "Add --kvmpmu-backend=real and --kvm"),
    (
        [
            "--kvmpmu-backend=real",
            "--kvmpmu-target=lab:6.12",
            "--kvmpmu-lab-cpu=cortex-a72",
            "--kvmpmu-topology=armv8-1",
        ],
        "its pmuver is not that of all the lab's cores, each a cortex-a72. Leave pmuver out",
    ),
    (["--kvmpmu-kernel=banana"], "unknown kernel revision 'banana'"),
    (["--kvmpmu-kernel=4.4"], "older than linux-5.10"),
    (["--kvmpmu-topology=rockpro65"], "Did you mean 'rockpro64'?"),
    (["--kvmpmu-topology=absent.toml"], "absent.toml cannot be read"),
    (["--kvmpmu-timeout=soon"], "--kvmpmu-timeout=soon is not a number of seconds"),
    (["--kvmpmu-timeout=0"], "Give more than 0, at most 3600"),
]


@pytest.mark.parametrize(("args", "says"), BAD)
def test_a_bad_option_ends_the_run_with_one_line(
    args: list[str], says: str, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(USES)
    result = pytester.runpytest_inprocess(*args)
    assert says in usage_error(result)


@pytest.mark.parametrize(("args", "says"), BAD)
def test_a_bad_ini_value_ends_the_run_with_one_line(
    args: list[str], says: str, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(USES)
    given = [arg.removeprefix("--").partition("=") for arg in args]
    lines = [f"{name.replace('-', '_')} = {value}" for name, _, value in given]
    pytester.makeini("\n".join(["[pytest]", *lines]))
    assert says in usage_error(pytester.runpytest_inprocess())


@pytest.mark.parametrize("args", [["--kvmpmu-backend=modle"], ["--kvmpmu-timeout=soon"]])
def test_a_bad_option_is_told_with_xdist_too(args: list[str], pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USES)
    usage_error(pytester.runpytest_inprocess("-n2", *args))


def test_a_bad_ini_value_is_told_with_xdist_too(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USES)
    pytester.makeini("[pytest]\nkvmpmu_backend = modle\n")
    assert "unknown backend 'modle'" in usage_error(pytester.runpytest_inprocess("-n2"))


def header(result: pytest.RunResult) -> list[str]:
    return [line for line in result.outlines if line.startswith("kvmpmu: ")]


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


@pytest.mark.parametrize("args", [[], ["--kvmpmu-backend=real"]], ids=["ini", "option"])
def test_collect_only_starts_no_backend(args: list[str], pytester: pytest.Pytester) -> None:
    # The kernel here may be unusable, or slow to boot.
    pytester.makepyfile(USES)
    pytester.makeini("[pytest]\nkvmpmu_backend = real\nkvmpmu_target = lab:nowhere\n")
    result = pytester.runpytest_inprocess("--collect-only", *args)
    assert result.ret == 0
    result.stdout.fnmatch_lines(["*<Function test_it_runs>*"])


def test_an_ini_value_is_used(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USES)
    pytester.makeini("[pytest]\nkvmpmu_kernel = series-v1\nkvmpmu_timeout = 7\n")
    (line,) = header(pytester.runpytest_inprocess())
    assert "kernel series-v1," in line
    assert "timeout 7 s" in line


def test_the_command_line_beats_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(USES)
    pytester.makeini("[pytest]\nkvmpmu_kernel = series-v1\nkvmpmu_timeout = 7\n")
    (line,) = header(pytester.runpytest_inprocess("--kvmpmu-kernel=linux-5.18"))
    assert "kernel linux-5.18," in line
    assert "timeout 7 s" in line


def test_a_topology_of_the_users_own_is_a_file(pytester: pytest.Pytester) -> None:
    pytester.makefile(".toml", mine='description = "mine"\ncpus = 2\n')
    pytester.makepyfile("def test_it(host): assert host.cpus == (0, 1)")
    result = pytester.runpytest_inprocess("--kvmpmu-topology=mine.toml")
    assert "topology mine, PMUs none" in header(result)[0]
    result.assert_outcomes(passed=1)


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
        result.stdout.fnmatch_lines([f"*kvmpmu_{name.replace('-', '_')} (string):*"])
    assert header(result) == []


@pytest.mark.parametrize("args", [["--version"], ["--version", "--version"]])
def test_version_is_pytests_own(args: list[str], pytester: pytest.Pytester) -> None:
    result = pytester.runpytest_inprocess(*args)
    assert result.ret == 0
    assert header(result) == []


def test_the_specs_by_module_are_in_use_without_options(pytester: pytest.Pytester) -> None:
    # In a checkout they are not a module of the package: the run ends after its header.
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
