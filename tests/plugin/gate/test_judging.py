"""``--kvmpmu-gate``: what makes a run green, and what does not."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.support.resources import conformance_dir

from ...inner_runs import EITHER_WAY, usage_error
from .conftest import section

SPECS = """
    import pytest
    from pytest_kvmpmu.errors import BackendFailure

    @pytest.mark.kvmpmu_clause("set-pmu.set")
    @pytest.mark.parametrize("which", [0, 1])
    def test_set(vcpu, pmus, which):
        vcpu.set_pmu(pmus[which])

    @pytest.mark.kvmpmu_clause("irq.set")
    def test_irq(vcpu, gic):
        vcpu.set_irq(23)
"""
MORE = {
    "failed": """
        import pytest

        @pytest.mark.kvmpmu_clause("irq.set")
        def test_no(vcpu, gic):
            vcpu.set_irq(3)
    """,
    "skipped": """
        import pytest

        @pytest.mark.kvmpmu_clause("irq.set")
        def test_no(vcpu): pytest.skip("not today")
    """,
    "lacking": """
        import pytest

        @pytest.mark.kvmpmu_requires("gicv5")
        @pytest.mark.kvmpmu_clause("irq.set")
        def test_no(vcpu): pass
    """,
    "broken": """
        import pytest
        from pytest_kvmpmu.errors import BackendFailure

        @pytest.mark.kvmpmu_clause("irq.set")
        def test_no(vcpu):
            raise BackendFailure("the machine is gone")
    """,
    "unreadable": "import no_such_module",
}
BOTH = pytest.mark.parametrize("gate", ["conformant", "conformant-on-host"])
WORKERS = pytest.mark.parametrize("how", EITHER_WAY)
# Both gates, and workers with one of them.
EACH = pytest.mark.parametrize(
    ("gate", "how"),
    [
        ("conformant", ()),
        ("conformant-on-host", ()),
        pytest.param("conformant", ("-n2",), marks=pytest.mark.once),
    ],
)

pytestmark = pytest.mark.usefixtures("two_clauses")


@EACH
def test_a_run_that_verified_all_clauses_meets_the_gate(
    gate: str, how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_specs=SPECS)
    result = pytester.runpytest_inprocess(f"--kvmpmu-gate={gate}", *how)
    assert result.ret == 0
    assert section(result) == [
        "verdict: conformant (clauses: 2 conformant)",
        f"--kvmpmu-gate={gate} is met",
    ]


def test_without_the_gate_the_verdict_is_said_in_one_line(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_specs=SPECS)
    result = pytester.runpytest_inprocess("-k", "irq")
    assert result.ret == 0
    assert section(result) == ["verdict: not verified (clauses: 1 not verified, 1 conformant)"]


def test_each_clause_is_said_with_v(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_specs=SPECS)
    result = pytester.runpytest_inprocess("-v", "-k", "irq or 1")
    assert section(result)[1:] == [
        "  not verified: set-pmu.set: specs were deselected (test_specs.py::test_set[0])",
        "  conformant: irq.set",
    ]


@EACH
@pytest.mark.parametrize(
    ("select", "says"),
    [
        (["-k", "test_irq"], "  not verified: specs were deselected: set-pmu.set"),
        (["-k", "irq or 1"], "  not verified: specs were deselected: set-pmu.set"),
        (["--deselect=test_specs.py::test_irq"], "  not verified: specs were deselected: irq.set"),
        (
            ["test_specs.py::test_irq"],
            "  not verified: not all specs may have been collected: set-pmu.set, irq.set",
        ),
        (
            ["test_specs.py::test_irq", "test_specs.py::test_set[0]"],
            "  not verified: not all specs may have been collected: set-pmu.set, irq.set",
        ),
    ],
)
def test_a_part_of_a_run_does_not_meet_it(
    select: list[str], says: str, gate: str, how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_specs=SPECS)
    result = pytester.runpytest_inprocess(f"--kvmpmu-gate={gate}", *select, *how)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert says in section(result)
    assert section(result)[-1] == f"--kvmpmu-gate={gate} is not met: not verified"


@WORKERS
@pytest.mark.parametrize(
    ("kind", "verdict", "says"),
    [
        ("failed", "not conformant", "  not conformant: irq.set: KVM_SET_DEVICE_ATTR(*EINVAL*"),
        ("skipped", "not verified", "  not verified: skipped: not today: irq.set"),
        ("broken", "not verified", "  not verified: error: BackendFailure: the machine is gone: *"),
    ],
)
def test_what_is_no_pass_does_not_meet_it(
    kind: str, verdict: str, says: str, how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_specs=SPECS, test_more=MORE[kind])
    result = pytester.runpytest_inprocess("--kvmpmu-gate=conformant", *how)
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(
        [f"verdict: {verdict} (*", says, f"--kvmpmu-gate=conformant is not met: {verdict}"]
    )


def test_what_the_host_lacks_keeps_a_clause_from_the_strict_gate_alone(
    pytester: pytest.Pytester,
) -> None:
    specs = SPECS.replace('@pytest.mark.kvmpmu_clause("irq.set")', "")
    pytester.makepyfile(test_specs=specs, test_more=MORE["lacking"])
    strict = pytester.runpytest_inprocess("--kvmpmu-gate=conformant")
    assert strict.ret == pytest.ExitCode.TESTS_FAILED
    assert section(strict) == [
        "verdict: not verified (clauses: 1 not verified, 1 conformant)",
        "  not verified: needs gicv5 (the host has no GICv5): irq.set",
        "--kvmpmu-gate=conformant is not met: not verified",
    ]
    here = pytester.runpytest_inprocess("--kvmpmu-gate=conformant-on-host")
    assert here.ret == 0
    assert section(here)[-1] == "--kvmpmu-gate=conformant-on-host is met"


@EACH
def test_a_run_in_which_no_spec_ran_is_not_green(
    gate: str, how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_more=MORE["skipped"], test_other="def test_it(): pass")
    result = pytester.runpytest_inprocess(f"--kvmpmu-gate={gate}", *how)
    result.assert_outcomes(passed=1, skipped=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@BOTH
def test_a_run_without_any_spec_is_not_green_where_the_command_line_asks_for_the_gate(
    gate: str, pytester: pytest.Pytester
) -> None:
    pytester.makepyfile("def test_it(): pass")
    result = pytester.runpytest_inprocess(f"--kvmpmu-gate={gate}")
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    assert section(result) == [
        "verdict: not verified (clauses: none checked)",
        f"--kvmpmu-gate={gate} is not met: not verified",
    ]


def test_tests_of_another_kind_are_not_gated_by_an_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makeini("[pytest]\nkvmpmu_gate = conformant\n")
    pytester.makepyfile(test_specs=SPECS, test_other="def test_it(): pass")
    assert pytester.runpytest_inprocess("test_other.py").ret == 0
    assert pytester.runpytest_inprocess("-k", "test_it").ret == pytest.ExitCode.TESTS_FAILED


def test_a_worse_status_stays(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_specs=SPECS, test_more=MORE["unreadable"])
    result = pytester.runpytest_inprocess("--kvmpmu-gate=conformant")
    assert result.ret == pytest.ExitCode.INTERRUPTED
    pytester.makepyfile(test_more="")
    result = pytester.runpytest_inprocess("--kvmpmu-gate=conformant", "test_more.py")
    assert result.ret == pytest.ExitCode.NO_TESTS_COLLECTED


def test_what_could_not_be_collected_does_not_meet_it(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_specs=SPECS, test_more=MORE["unreadable"])
    result = pytester.runpytest_inprocess(
        "--kvmpmu-gate=conformant", "--continue-on-collection-errors"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED


@WORKERS
def test_a_run_that_stopped_at_a_failure_verified_the_less(
    how: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    pytester.makepyfile(test_a=MORE["failed"], test_specs=SPECS)
    result = pytester.runpytest_inprocess("--kvmpmu-gate=conformant", "-x", "-v", *how)
    assert result.ret != 0
    result.stdout.fnmatch_lines(["verdict: not conformant (*", "  not conformant: irq.set: *"])
    if not how:
        result.stdout.fnmatch_lines(["  not verified: set-pmu.set: specs were not run (*"])


def test_last_failed_is_a_part_of_a_run(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_specs=SPECS, test_more=MORE["failed"])
    pytester.runpytest_inprocess()
    pytester.makepyfile(test_more=MORE["failed"].replace("(3)", "(23)"))
    result = pytester.runpytest_inprocess("--lf", "--kvmpmu-gate=conformant")
    result.assert_outcomes(passed=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_lost_worker_does_not_meet_it(pytester: pytest.Pytester) -> None:
    crash = "import os\n\ndef test_it(kvm): os._exit(3)\n"
    pytester.makepyfile(test_specs=SPECS, test_more=crash)
    result = pytester.runpytest_inprocess("--kvmpmu-gate=conformant", "-n1")
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_in_any_order_the_same_is_said(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_specs=SPECS, test_more=MORE["failed"])
    asked = "--kvmpmu-gate=conformant"
    runs = [
        pytester.runpytest_inprocess(asked, *more)
        for more in ([], ["-p", "randomly", "--randomly-seed=3"], ["-p", "randomly", "-n2"])
    ]
    said = [[line for line in section(run) if not line.startswith("  pytest ")] for run in runs]
    assert said[0] == said[1] == said[2]
    assert "Using --randomly-seed=3" in runs[1].outlines


def test_an_unknown_gate_is_a_usage_error(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(SPECS)
    said = usage_error(pytester.runpytest_inprocess("--kvmpmu-gate=conforman"))
    assert "unknown gate 'conforman'. Did you mean 'conformant'?" in said


@pytest.mark.once
@pytest.mark.parametrize("how", [("-n2",), ("-p", "randomly")])
def test_our_specs_meet_the_gate_of_the_default_board(
    how: tuple[str, ...], pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # all clauses
    result = pytester.runpytest_subprocess(
        "-q", str(conformance_dir()), "--kvmpmu-gate=conformant-on-host", *how
    )
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "verdict: not verified (clauses: * not verified, * conformant)",
            "  not verified: needs no-pmu (the host has a PMU): vcpu-init.einval.no-pmu",
            "--kvmpmu-gate=conformant-on-host is met",
        ]
    )


def test_one_file_of_ours_does_not_meet_it(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()  # all clauses
    result = pytester.runpytest_subprocess(
        str(conformance_dir() / "test_two_vms.py"), "--kvmpmu-gate=conformant-on-host"
    )
    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.fnmatch_lines(["  not verified: specs were not collected: *and * more (-v *"])
