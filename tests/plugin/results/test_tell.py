"""What a spec's failure is blamed on, and how its result travels between processes."""

from __future__ import annotations

import json

import pytest

from pytest_kvmpmu.errors import BackendFailure
from pytest_kvmpmu.kvm import KvmError
from pytest_kvmpmu.plugin.results import tell
from pytest_kvmpmu.report.results.result import SpecResult, Status
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome

from .gathered import gather

REFUSED = KvmError(Call.make("KVM_CREATE_VM", "kvm", 0, "vm0"), Outcome(-1, Errno.ENXIO))


def caused(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "status", "reason", "errno"),
    [
        (AssertionError("1 is 2\nmore"), Status.FAIL, "1 is 2", ""),
        (AssertionError(), Status.FAIL, "AssertionError", ""),
        (REFUSED, Status.FAIL, str(REFUSED).partition("\n")[0], "ENXIO"),
        (caused(AssertionError("another"), REFUSED), Status.FAIL, "another", "ENXIO"),
        (BackendFailure("it is gone"), Status.ERROR, "BackendFailure: it is gone", ""),
        (KeyError("x"), Status.ERROR, "KeyError: 'x'", ""),
    ],
)
def test_an_exception_is_the_kernels_fault_or_ours(
    error: BaseException, status: Status, reason: str, errno: str
) -> None:
    assert tell.outcome(error, "the report's text") == (status, reason, errno)


def test_without_an_exception_the_reports_first_line_is_the_reason() -> None:
    text = "\n[XPASS(strict)] a bug that is gone\nmore"
    assert tell.outcome(None, text) == (Status.FAIL, "[XPASS(strict)] a bug that is gone", "")


def test_a_long_reason_is_cut() -> None:
    _, reason, _ = tell.outcome(AssertionError("x" * 500), "")
    assert reason == "x" * 400 + "..."


def test_a_result_is_the_same_after_its_way_between_processes(pytestconfig: pytest.Config) -> None:
    result = SpecResult("f.py::test_a", Status.FAIL, ("irq.set",), reason="why", errno="EIO")
    report = pytest.TestReport("f.py::test_a", ("f.py", 1, "test_a"), {}, "passed", None, "call")
    setattr(report, tell.RESULT, result)
    hook = pytestconfig.hook
    packed = json.dumps(hook.pytest_report_to_serializable(config=pytestconfig, report=report))
    arrived = hook.pytest_report_from_serializable(config=pytestconfig, data=json.loads(packed))
    assert getattr(arrived, tell.RESULT) == result
    assert not hasattr(arrived, tell.ON)


def test_calls_of_a_passed_spec_are_told_where_they_are_kept(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(test_it="def test_a(kvm): kvm.create_vm()\ndef test_b(kvm): assert 0\n")
    kept = gather(pytester).results
    assert [len(kept[name].calls) for name in ("test_a", "test_b")] == [1, 0]
    assert gather(pytester, keep=False).results["test_a"].calls == ()
