"""The plugin's options in a run: bad values and ini twins."""

from __future__ import annotations

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
        "unknown target 'moon'. Known: local, ",
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
        "its pmuver is not that of the lab's cores, all of them cortex-a72. Remove pmuver",
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
