"""The exit status of the ``kvmpmu`` program."""

from __future__ import annotations

import argparse

import pytest

from pytest_kvmpmu import commands
from pytest_kvmpmu.errors import BackendFailure, UsageProblem
from pytest_kvmpmu.lab import LabFailure


@pytest.mark.parametrize(
    ("error", "status", "says"),
    [
        (UsageProblem("wrong", "Fix it"), 4, "kvmpmu: error: wrong. Fix it.\n"),
        (BackendFailure("it broke"), 1, "kvmpmu: it broke\n"),
        (LabFailure("the lab VM died"), 1, "kvmpmu: the lab VM died\n"),
        (KeyboardInterrupt(), 130, "kvmpmu: interrupted\n"),
    ],
)
def test_each_failure_has_its_status_and_one_message(
    error: BaseException,
    status: int,
    says: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def run(_: argparse.Namespace) -> int:
        raise error

    monkeypatch.setattr("pytest_kvmpmu.commands.lab.picture.run", run)
    assert commands.main(["lab", "picture", "rockpro64"]) == status
    assert capsys.readouterr().err == says
