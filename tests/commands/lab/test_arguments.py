"""What several actions of ``kvmpmu lab`` take, and the machine that it makes."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu import lab
from pytest_kvmpmu.commands.lab import arguments
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.vm import guest, parcel

from ...lab.conftest import LINE


def parsed(*given: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    arguments.add_machine(parser)
    return parser.parse_args(given)


class Vm:
    """A machine that only knows whether it was closed, and what it was handed over."""

    def __init__(self) -> None:
        self.closed = False
        self.handed: list[parcel.Parcel] = []

    def __enter__(self) -> Vm:
        return self

    def __exit__(self, *_: object) -> None:
        self.closed = True


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, dict[str, Any], Vm]]:
    """What was started: line and board, further arguments, and the machine."""
    made: list[tuple[Any, dict[str, Any], Vm]] = []

    def start(*where: Any, **how: Any) -> Vm:
        made.append((where, how, Vm()))
        return made[-1][2]

    monkeypatch.setattr(lab, "start", start)
    monkeypatch.setattr(guest, "hand_over", lambda vm, packed: vm.handed.append(packed))
    return made


def test_a_machine_is_started_as_the_arguments_say(
    started: list[tuple[Any, dict[str, Any], Vm]], tmp_path: Path
) -> None:
    args = parsed(LINE, "--topology", "one-pmu", "--cpu", "max", "--cache-dir", str(tmp_path))
    host = arguments.board(args)
    with arguments.machine(args, host):
        ((where, how, vm),) = started
        assert where == (LINE, host)
        assert how == {"cache_dir": tmp_path, "parcel": None, "cpu": "max"}
        assert not vm.closed
    assert vm.closed
    assert vm.handed == []


def test_the_default_is_the_board_of_the_examples() -> None:
    args = parsed(LINE)
    assert arguments.board(args).name == "rockpro64"
    assert (args.cpu, args.copy, args.cache_dir) == (None, [], None)


def test_files_are_handed_over_and_let_go(
    started: list[tuple[Any, dict[str, Any], Vm]], tmp_path: Path
) -> None:
    (tmp_path / "a").write_text("content")
    args = parsed(LINE, "--copy", str(tmp_path / "a"), "--copy", f"{tmp_path}/a:b")
    with arguments.machine(args, arguments.board(args)):
        ((_, how, vm),) = started
        assert vm.handed == [how["parcel"]]
    assert how["parcel"]._whole.closed


def test_a_machine_is_closed_whatever_is_done_with_it(
    started: list[tuple[Any, dict[str, Any], Vm]],
) -> None:
    args = parsed(LINE)
    with pytest.raises(KeyboardInterrupt), arguments.machine(args, arguments.board(args)):
        raise KeyboardInterrupt
    assert started[0][2].closed


def test_wrong_lines_and_files_are_named_before_a_machine_is_started(
    started: list[tuple[Any, dict[str, Any], Vm]], tmp_path: Path
) -> None:
    for args in (parsed("4.4"), parsed(LINE, "--copy", str(tmp_path / "absent"))):
        with pytest.raises(UsageProblem), arguments.machine(args, arguments.board(args)):
            pass
    assert started == []
