"""What is gathered from workers, from runs that ended early, and from tests that are rerun."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_kvmpmu.plugin.results.gather import Gathering
from pytest_kvmpmu.report.results.result import SpecResult, Status

from .gathered import SPECS, gather


def without_time(found: Gathering) -> list[SpecResult]:
    return [one._replace(seconds=0, sections=()) for one in found.results]


CONFTEST = """
    from pytest_kvmpmu.plugin.calls import KEEP_CALLS

    def pytest_configure(config):
        config.stash[KEEP_CALLS] = True
"""


def test_with_two_workers_there_is_the_same(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)  # a worker has no other of our plugins
    pytester.makepyfile(SPECS)
    alone, workers = gather(pytester).gathered, gather(pytester, "-n2").gathered
    assert without_time(workers) == without_time(alone)
    assert not workers.kernels_differ
    assert alone.run is not None
    assert workers.run is not None
    assert workers.run.on._replace(time="") == alone.run.on._replace(time="")
    assert workers.kernels == alone.kernels


def test_a_worker_that_dies_leaves_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import os, pytest

        @pytest.mark.kvmpmu_clause("irq.set")
        def test_dies(kvm):
            os._exit(1)
        """
    )
    (result,) = gather(pytester, "-n1", "--max-worker-restart=0").gathered.results
    assert (result.status, result.clauses) == (Status.ERROR, ("irq.set",))
    assert "crashed" in result.reason


def test_a_spec_that_the_run_ended_in_is_an_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.kvmpmu_clause("irq.set")
        def test_interrupted(kvm):
            raise KeyboardInterrupt
        """
    )
    (result,) = gather(pytester).gathered.results
    assert (result.status, result.clauses) == (Status.ERROR, ("irq.set",))
    assert result.reason == "the run ended within this spec"


def test_a_test_that_is_run_again_counts_as_it_ended(pytestconfig: pytest.Config) -> None:
    gathering = Gathering(pytestconfig)
    for status in (Status.FAIL, Status.PASS):
        gathering.pytest_runtest_logreport(teardown(SpecResult("x", status)))
    assert [one.status for one in gathering.results] == [Status.PASS]


def teardown(result: SpecResult) -> pytest.TestReport:
    given: dict[str, Any] = {"kvmpmu_result": result}
    return pytest.TestReport("x", ("x", 1, "x"), {}, "passed", None, "teardown", **given)
