"""The plugin's markers in a run."""

from __future__ import annotations

import pytest

from ..inner_runs import usage_error


def spec(marks: str, body: str = "assert vcpu") -> str:
    return f"import pytest\n\n{marks}\ndef test_it(vcpu): {body}\n"


def run(pytester: pytest.Pytester, marks: str, *args: str) -> pytest.RunResult:
    pytester.makepyfile(spec(marks))
    return pytester.runpytest_inprocess("--strict-markers", "-rs", *args)


@pytest.mark.parametrize(
    ("marks", "says"),
    [
        ('@pytest.mark.kvmpmu_clause("set-pmu.enxo")', "Did you mean 'set-pmu.enxio'?"),
        ("@pytest.mark.kvmpmu_clause()", "kvmpmu_clause takes one name or more"),
        ("@pytest.mark.kvmpmu_clause", "kvmpmu_clause takes one name or more"),
        ("@pytest.mark.kvmpmu_clause(3)", "kvmpmu_clause takes one name or more"),
        ('@pytest.mark.kvmpmu_clause(slug="irq.set")', "kvmpmu_clause takes one name or more"),
        ('@pytest.mark.kvmpmu_requires("two-pmu")', "Did you mean 'two-pmus'?"),
        ("@pytest.mark.kvmpmu_requires()", "kvmpmu_requires takes one name or more"),
        ('@pytest.mark.kvmpmu_revision("linux-5.18")', "kvmpmu_revision takes since= and until="),
        ("@pytest.mark.kvmpmu_revision()", "kvmpmu_revision takes since= and until="),
        ('@pytest.mark.kvmpmu_revision(from_="5.18")', "kvmpmu_revision takes since= and until="),
        ('@pytest.mark.kvmpmu_revision(since="banana")', "unknown kernel revision 'banana'"),
        ("@pytest.mark.kvmpmu_revision(since=5.18)", "kvmpmu_revision takes since= and until="),
        ('@pytest.mark.kvmpmu_revision(until="4.4")', "older than linux-5.10"),
    ],
)
@pytest.mark.parametrize("args", [[], ["--collect-only"]], ids=["run", "collect"])
def test_a_marker_that_is_wrong_ends_the_run_with_the_tests_name(
    args: list[str], marks: str, says: str, pytester: pytest.Pytester
) -> None:
    said = usage_error(run(pytester, marks, *args))
    assert "::test_it: " in said
    assert says in said


def test_a_wrong_marker_is_told_with_xdist_too(pytester: pytest.Pytester) -> None:
    said = usage_error(run(pytester, '@pytest.mark.kvmpmu_clause("set-pmu.enxo")', "-n2"))
    assert "Did you mean 'set-pmu.enxio'?" in said


def test_a_tests_markers_are_checked_though_it_uses_no_backend(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        'import pytest\n@pytest.mark.kvmpmu_clause("nonsense")\ndef test_it(): pass'
    )
    assert "unknown clause 'nonsense'" in usage_error(pytester.runpytest_inprocess())


@pytest.mark.parametrize(
    ("span", "kernel", "applies"),
    [
        ('since="linux-5.18"', "series-v1", False),
        ('since="linux-5.18"', "linux-5.18", True),
        ('since="5.18"', "6.1", True),
        ('until="linux-5.18"', "linux-5.18", True),
        ('until="linux-5.18"', "linux-6.4", False),
        ('since="series-v1", until="series-v1"', "series-v1", True),
        ('since="series-v1", until="series-v1"', "5.10", False),
        ("since=None, until=None", "5.10", True),
    ],
)
def test_a_test_runs_on_the_revisions_of_its_marker(
    span: str, kernel: str, applies: bool, pytester: pytest.Pytester
) -> None:
    result = run(pytester, f"@pytest.mark.kvmpmu_revision({span})", f"--kvmpmu-kernel={kernel}")
    result.assert_outcomes(passed=int(applies), skipped=int(not applies))
    if not applies:
        result.stdout.fnmatch_lines(
            ["tests not applicable to this revision: 1", "  1 x the test is for *"]
        )
        result.stdout.fnmatch_lines(["SKIPPED*test_*.py:*not applicable to *the test is for*"])


def test_several_revision_markers_meet(pytester: pytest.Pytester) -> None:
    marks = (
        'pytestmark = pytest.mark.kvmpmu_revision(since="5.18", until="6.7")\n'
        '@pytest.mark.kvmpmu_revision(since="5.10", until="6.4")'
    )
    for kernel, passed in (("5.10", 0), ("5.18", 1), ("6.4", 1), ("6.5", 0)):
        result = run(pytester, marks, f"--kvmpmu-kernel={kernel}")
        result.assert_outcomes(passed=passed, skipped=1 - passed)


def test_a_test_runs_where_all_of_its_clauses_speak(pytester: pytest.Pytester) -> None:
    marks = '@pytest.mark.kvmpmu_clause("irq.set", "set-pmu.vm-wide")'
    run(pytester, marks, "--kvmpmu-kernel=linux-5.18").assert_outcomes(passed=1)
    result = run(pytester, marks, "--kvmpmu-kernel=series-v1")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(["  1 x set-pmu.vm-wide holds since linux-5.18"])


HOSTS = {
    "none": "cpus = 2\n",
    "one": 'cpus = 2\n[[pmu]]\nname = "a"\ncompatible = "b"\ntype = 8\ncpus = "0"\ncounters = 6\n',
}


@pytest.mark.parametrize(
    ("capability", "host", "lack"),
    [
        ("pmu", "none", "the host has no PMU"),
        ("two-pmus", "one", "the host has 1 PMU(s)"),
    ],
)
def test_what_the_host_lacks_leaves_clauses_unverified(
    capability: str, host: str, lack: str, pytester: pytest.Pytester
) -> None:
    pytester.makefile(".toml", board=HOSTS[host])
    pytester.makepyfile(
        "import pytest\n"
        f'@pytest.mark.kvmpmu_requires("{capability}")\n'
        '@pytest.mark.kvmpmu_clause("set-pmu.set")\n'
        "def test_it(vcpu): pass\n"
    )
    result = pytester.runpytest_inprocess("-rs", "--kvmpmu-topology=board.toml")
    result.assert_outcomes(skipped=1)
    result.stdout.fnmatch_lines(
        [
            f"tests skipped because {lack}; clauses not verified: 1",
            "  not verified: set-pmu.set",
        ]
    )
    result.stdout.fnmatch_lines([f"SKIPPED*: not verified: {lack}"])


@pytest.mark.parametrize("capability", ["pmu", "two-pmus"])
def test_what_the_host_has_lets_the_test_run(capability: str, pytester: pytest.Pytester) -> None:
    run(pytester, f'@pytest.mark.kvmpmu_requires("{capability}")').assert_outcomes(passed=1)


def test_a_test_without_a_backend_is_not_kept_from_running(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        "import pytest\n"
        '@pytest.mark.kvmpmu_revision(until="5.10")\n'
        '@pytest.mark.kvmpmu_clause("irq.set")\n'
        "def test_it(): pass\n"
    )
    pytester.runpytest_inprocess("--kvmpmu-kernel=6.7").assert_outcomes(passed=1)
