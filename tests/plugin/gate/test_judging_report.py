"""The verdict and the gate in the report of a run."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.report.results.conclusion import Conclusion, Verdict
from pytest_kvmpmu.report.results.document import read

from ...inner_runs import EITHER_WAY
from .test_judging import MORE, SPECS

pytestmark = pytest.mark.usefixtures("two_clauses")


@pytest.mark.parametrize("how", EITHER_WAY)
@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("", Conclusion(Verdict.CONFORMANT, Verdict.CONFORMANT, "conformant")),
        (
            MORE["failed"],
            Conclusion(
                Verdict.NOT_CONFORMANT,
                Verdict.NOT_CONFORMANT,
                "conformant",
                ("--kvmpmu-gate=conformant is not met: not conformant",),
            ),
        ),
    ],
    ids=["met", "not-met"],
)
def test_the_report_has_the_verdict_and_the_gate(
    more: str, expected: Conclusion, how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_specs=SPECS, test_more=more)
    args = ("--kvmpmu-gate=conformant", "--kvmpmu-report=run.json", *how)
    result = pytester.runpytest_inprocess(*args)
    assert read(pytester.path / "run.json").conclusion == expected
    assert result.ret == (1 if expected.failures else 0)


def test_the_report_of_a_run_without_gate_has_the_verdict_alone(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_specs=SPECS)
    pytester.runpytest_inprocess("--kvmpmu-report=run.json")
    conclusion = read(pytester.path / "run.json").conclusion
    assert conclusion == Conclusion(Verdict.CONFORMANT, Verdict.CONFORMANT)
    assert "gate" not in conclusion.to_json()
