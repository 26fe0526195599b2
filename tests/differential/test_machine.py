"""The differential tests as a user runs them, on the model."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.support.resources import conformance_dir


def test_they_run_on_the_model_and_what_was_reached_is_told(
    pytester: pytest.Pytester,
) -> None:
    specs = str(conformance_dir() / "test_differential.py")
    result = pytester.runpytest_subprocess(specs, "--kvmpmu-examples=5", "-p", "no:cacheprovider")
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(
        ["*test_a_law_holds*", "* sequences, * calls; share of sequences that reach", "* %  SET *"]
    )
    assert not list(pytester.path.glob("*.found.jsonl"))
