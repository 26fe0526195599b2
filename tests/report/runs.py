"""Reports for tests: made from values, and from runs of a few specs on the model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.backends.header import header_of
from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.report.results.conclusion import Conclusion
from pytest_kvmpmu.report.results.document import Report, read
from pytest_kvmpmu.report.results.left_out import LeftOut
from pytest_kvmpmu.report.results.result import RunInfo, SpecResult, Status

SPECS = """
    import pytest

    @pytest.mark.kvmpmu_clause("set-pmu.set", "set-pmu.vm-wide")
    @pytest.mark.parametrize("which", [0, -1], ids=["first", "last <b>|#"])
    def test_every_pmu_is_taken(which, vcpu, pmus):
        vcpu.set_pmu(pmus[which])

    @pytest.mark.kvmpmu_clause("set-pmu.enxio")
    def test_no_pmu_of_that_id(vcpu):
        vcpu.set_pmu(99)

    @pytest.mark.kvmpmu_clause("set-pmu.set")
    def test_the_machine_breaks(kvm):
        raise ValueError("<script>alert('x')</script> | `code`")

    @pytest.mark.kvmpmu_clause("attr.flags")
    def test_text_and_kernel_differ(vcpu): pass

    @pytest.mark.kvmpmu_clause("set-pmu.absent")
    def test_before_the_series(vcpu): pass

    @pytest.mark.kvmpmu_requires("gicv5")
    @pytest.mark.kvmpmu_clause("irq.set")
    def test_lacks_a_gicv5(vcpu): pass

    @pytest.mark.xfail(reason="a known bug", strict=True)
    @pytest.mark.kvmpmu_clause("filter.vm-wide")
    def test_known_to_fail(vcpu):
        vcpu.set_pmu(99)

    def test_of_no_clause(vcpu, gic):
        vcpu.set_irq(23)
"""


NOTHING = LeftOut()


def run(pytester: pytest.Pytester, name: str, *args: str) -> Path:
    """Run `SPECS` and write the report ``name``."""
    if not list(pytester.path.glob("test_*.py")):
        pytester.makepyfile(test_specs=SPECS)
    pytester.runpytest_inprocess(f"--kvmpmu-report={name}", "-p", "no:cacheprovider", *args)
    return pytester.path / name


def reports(pytester: pytest.Pytester) -> list[Report]:
    """Reports of two kernels, one of them on two boards; as if there were no specs but `SPECS`."""
    found = []
    for kernel, board in (
        ("5.10", "rockpro64"),
        ("6.12", "rockpro64"),
        ("6.12", "three-pmus"),
    ):
        path = run(
            pytester, f"{kernel}-{board}.json", f"--kvmpmu-kernel={kernel}",
            f"--kvmpmu-topology={board}",
        )  # fmt: skip
        found.append(replace(read(path), left_out=NOTHING))
    return found


def report(
    *results: SpecResult,
    kernel: str = "6.12",
    board: str = "rockpro64",
    partial: str = "",
    left_out: LeftOut | None = NOTHING,
    conclusion: Conclusion | None = None,
) -> Report:
    """A report of these results, of a run that omitted nothing unless ``left_out`` says so."""
    header = header_of(ModelBackend(load(board), kernel))
    ordered = tuple(sorted(results, key=lambda one: one.spec))
    return Report(RunInfo(header, ("pytest",)), ordered, partial, left_out, conclusion)


def result(spec: str, status: Status = Status.PASS, *clauses: str, **more: Any) -> SpecResult:
    """The result of that spec."""
    return SpecResult(spec, status, clauses, **more)
