"""A target whose agent fails in the middle of a run, or does not restart.

It uses real processes, as with a kernel; only the agent is a fake.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_kvmpmu.support.resources import PACKAGE

from ..agent import rude_agent

CONFTEST = """
import os
from pathlib import Path

import pytest
from pytest_kvmpmu.backends import real
from pytest_kvmpmu.targets import local

here = Path(__file__).parent
local.PACKAGE = here / "stand-in" / "pytest_kvmpmu"  # whose agent it starts
real._GRACE = 0.1

def moods():
    return here / f"moods-{os.environ.get('PYTEST_XDIST_WORKER', 'here')}"

os.environ["MOODS"] = str(moods())
moods().touch()
"""
STAND_IN = """
import os, sys
os.environ["PYTHONPATH"] = {root!r}
os.execv(sys.executable, [sys.executable, {program!r}, os.environ["MOODS"]])
"""
SPECS = """
import os
from pathlib import Path
import pytest

def from_now_on(moods):
    "How the next bring-ups are."
    Path(os.environ["MOODS"]).write_text(moods)

def ask(kvm, number):
    return kvm.check_extension(number)
"""

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def run(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Run:
    """``run(specs, *args)`` runs specs on `rude_agent`."""
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # of the run that contains this test
    pytester.makeconftest(CONFTEST)
    folder = pytester.path / "stand-in" / "pytest_kvmpmu"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    program = Path(rude_agent.__file__)
    (folder / "agent.py").write_text(
        STAND_IN.format(root=str(PACKAGE.parent), program=str(program))
    )

    def go(specs: str, *args: str) -> pytest.RunResult:
        pytester.makepyfile(SPECS + specs)
        return pytester.runpytest_subprocess(
            "--kvmpmu-backend=real", "--kvmpmu-timeout=0.5", "-p", "no:cacheprovider", *args
        )

    return go


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (rude_agent.NONSENSE, "a damaged answer"),
        (rude_agent.WRONG, "a malformed answer"),
        (rude_agent.HALF, "did not return within 0.5 s"),
        (rude_agent.NOTHING, "did not return within 0.5 s"),
        (rude_agent.END, "the agent has ended"),
        (rude_agent.MANY, "more outcomes than calls"),
    ],
)
def test_the_spec_that_it_happens_to_fails_and_the_next_has_a_fresh_agent(
    what: int, says: str, run: Run
) -> None:
    result = run(
        f"""
def test_before(kvm): assert ask(kvm, 0) == 1
def test_broken(kvm): assert ask(kvm, {what}) == 1
def test_after(kvm): assert ask(kvm, 0) == 1
"""
    )
    result.assert_outcomes(passed=2, failed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines([f"*BackendFailure: *{says}*"])
    if what not in (rude_agent.WRONG, rude_agent.MANY, rude_agent.NOTHING):
        result.stdout.fnmatch_lines(
            ["*its last words:", "*| * bring-up: +", "*| * a word of the k*"]
        )


def test_an_answer_too_many_is_not_taken_for_the_next_ones(run: Run) -> None:
    result = run(
        f"""
def test_it(kvm):
    assert ask(kvm, {rude_agent.TWICE}) == 1
    ask(kvm, 0)
def test_after(kvm): assert ask(kvm, 0) == 1
"""
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*BackendFailure: local: the agent spoke unasked: *"])


FAILS = f"""
def test_break(kvm):
    from_now_on("MOODS")
    ask(kvm, {rude_agent.END})

@pytest.mark.parametrize("number", range(20))
def test_many(number, kvm): assert ask(kvm, 0) == 1
"""


def test_after_three_failed_bring_ups_in_a_row_the_run_stops_with_the_first_cause(run: Run) -> None:
    result = run(FAILS.replace("MOODS", "ohd---"))
    result.assert_outcomes(failed=4)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            "the run was stopped:",
            "local: it could not be brought up 3 times in a row; the first time:"
            " the agent's description of its machine has no machine: {}",
            "*! *pytest-kvmpmu: local: it could not be brought up 3 times in a row;*",
        ]
    )
    result.stdout.fnmatch_lines(["*the agent began with {'hallo': 1}"])
    result.stdout.fnmatch_lines(["*release was '6.12.0-test', is '6.13.0-test'"])


def test_two_failures_in_a_row_do_not_stop_it_however_often(run: Run) -> None:
    result = run(
        FAILS.replace("MOODS", "--+--+")
        + f"""
def test_break_again(kvm): ask(kvm, {rude_agent.END})

@pytest.mark.parametrize("number", range(3))
def test_more(number, kvm): assert ask(kvm, 0) == 1
"""
    )
    result.assert_outcomes(failed=2 + 4, passed=18 + 1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert "the run was stopped:" not in result.outlines


def test_a_worker_that_gives_its_target_up_stops_the_whole_run(run: Run) -> None:
    result = run(
        f"""
@pytest.mark.parametrize("number", range(40))
def test_many(number, kvm):
    from_now_on("o------")
    ask(kvm, {rude_agent.END})
""",
        "-n2",
    )
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert 4 <= result.parseoutcomes()["failed"] < 40
    result.stdout.fnmatch_lines(
        [
            "the run was stopped:",
            "local: it could not be brought up 3 times in a row; the first time:*",
            "*! *pytest-kvmpmu: local: it could not be brought up 3 times in a row;*",
        ]
    )


def test_a_target_that_does_not_come_up_at_the_start_is_a_usage_error(
    run: Run, pytester: pytest.Pytester
) -> None:
    (pytester.path / "moods-here").write_text("-")
    result = run("def test_it(kvm): ask(kvm, 0)")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: pytest-kvmpmu: local: the agent has ended; its last w*"])


def test_a_worker_whose_target_does_not_come_up_at_the_start_ends_the_run_with_the_cause(
    run: Run, pytester: pytest.Pytester
) -> None:
    (pytester.path / "moods-gw1").write_text("-")
    result = run(
        """
@pytest.mark.parametrize("number", range(20))
def test_it(number, kvm): ask(kvm, 0)
""",
        "-n2",
    )
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = result.outlines + result.errlines
    assert not [line for line in text if "Traceback" in line or "INTERNALERROR" in line]
    assert [line for line in text if "local: the agent has ended; its last words" in line]
