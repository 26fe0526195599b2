"""With xdist, a run ends with the same text as without."""

from __future__ import annotations

import pytest

SPECS = """
    import pytest

    @pytest.mark.parametrize("which", [0, 1])
    @pytest.mark.kvmpmu_clause("set-pmu.set")
    def test_good(which, vcpu, pmus, story):
        story(f"row {which}", "column", "text")
        vcpu.set_pmu(pmus[0])

    @pytest.mark.kvmpmu_clause("set-pmu.enxio")
    def test_bad(vcpu):
        vcpu.set_pmu(99)

    @pytest.mark.kvmpmu_clause("set-pmu.absent")
    def test_not_applicable(vcpu): pass

    @pytest.mark.kvmpmu_requires("two-pmus")
    @pytest.mark.kvmpmu_clause("irq.set")
    def test_not_verified(vcpu): pass
"""
BOARD = """\
cpus = 3
[[pmu]]
name = "little"
compatible = "arm,little"
type = 8
cpus = "0-1"
counters = 6
"""


def run(pytester: pytest.Pytester, *args: str) -> pytest.RunResult:
    pytester.makefile(".toml", board=BOARD)
    pytester.makepyfile(SPECS)
    result = pytester.runpytest_inprocess(
        "--kvmpmu-topology=board.toml", "--kvmpmu-kernel=linux-5.18", *args
    )
    result.assert_outcomes(passed=2, failed=1, skipped=2)
    return result


def summary(result: pytest.RunResult) -> list[str]:
    """The lines of our section of the summary."""
    lines = result.outlines
    start = next(n for n, line in enumerate(lines) if line.strip("=") == " kvmpmu ")
    end = next(n for n, line in enumerate(lines[start + 1 :], start + 1) if line.startswith("==="))
    return lines[start + 1 : end]


def test_a_run_says_the_same_with_two_workers(pytester: pytest.Pytester) -> None:
    alone, workers = run(pytester), run(pytester, "-n2")
    assert "clauses verified: 1, violated: 1" in summary(alone)
    assert "  not verified: irq.set" in summary(alone)
    assert "row 0  text" in summary(alone)
    assert summary(workers) == summary(alone)
    headers = [
        [line for line in result.outlines if line.startswith("kvmpmu: ")]
        for result in (alone, workers)
    ]
    assert headers[0] == headers[1]
    assert len(headers[0]) == 1
    workers.stdout.fnmatch_lines(["*calls, as a script for kvmpmu play*", '{"kvmpmu-script": 1}'])
