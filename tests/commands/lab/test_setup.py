"""``kvmpmu lab setup``."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu import lab
from pytest_kvmpmu.commands import lab as actions
from pytest_kvmpmu.commands.lab import setup as command
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.host import requirements

from ...lab.conftest import Pretend


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    actions.add_parser(parser.add_subparsers())
    return parser.parse_args(["lab", "setup", *arguments])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the lab was asked to set up."""
    calls: list[Any] = []

    def setup(names: Any, hosts: Any, *, cache_dir: Path | None, cpu: str | None) -> None:
        calls.append((names, [host.name for host in hosts], cache_dir, cpu))

    monkeypatch.setattr(lab, "setup", setup)
    return calls


def test_by_default_all_lines_on_the_board_and_its_twin_are_set_up(asked: list[Any]) -> None:
    assert command.run(parsed()) == 0
    assert asked == [(lab.usual_line_names(), ["rockpro64", "rockpro64-swapped"], None, None)]


def test_lines_boards_cores_and_folder_can_be_chosen(asked: list[Any], tmp_path: Path) -> None:
    line = lab.line_names()[0]
    args = parsed(line, "--topology", "rockpro64", "--cpu=max", "--cache-dir", str(tmp_path))
    assert command.run(args) == 0
    assert asked == [([line], ["rockpro64"], tmp_path, "max")]


def test_an_unknown_line_is_refused_before_anything_is_done(asked: list[Any]) -> None:
    with pytest.raises(UsageProblem, match="unknown lab line"):
        command.run(parsed("4.4"))
    assert asked == []


def test_nothing_missing_installs_nothing(asked: list[Any], pretend: Pretend) -> None:
    pretend("apt-get", "exit 1")
    command.install([])


def test_installing_needs_root(pretend: Pretend, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend("apt-get", "exit 0")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UsageProblem, match=r"apt-get install .*qemu-system-arm` as root"):
        command.install(["qemu-system-arm"])


def test_installing_needs_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageProblem, match="needs apt-get, which this host lacks"):
        command.install(["qemu-system-arm"])


def test_root_installs_with_apt(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: list[Any]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(requirements, "missing", lambda: ["qemu-system-arm"])
    pretend("apt-get", f'echo "$@" > {tmp_path}/asked')
    command.run(parsed("--install"))
    wanted = "install --no-install-recommends -y qemu-system-arm\n"
    assert (tmp_path / "asked").read_text() == wanted


def test_an_installation_that_fails_is_a_usage_problem(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    pretend("apt-get", "exit 100")
    with pytest.raises(UsageProblem, match="failed with status 100"):
        command.install(["qemu-system-arm"])
