"""Targets by name, and this machine as one."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pytest_kvmpmu import lab
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.link.channel import Channel
from pytest_kvmpmu.link.link import LinkLost, NoAnswer
from pytest_kvmpmu.settings import Settings, TargetName
from pytest_kvmpmu.support.resources import PACKAGE
from pytest_kvmpmu.targets import local, schemes
from pytest_kvmpmu.targets import target as make
from pytest_kvmpmu.targets.base import Target
from pytest_kvmpmu.targets.local import LocalTarget

BOARD = load("rockpro64")


def target(name: str, cache_dir: Path | None = None, cpu: str | None = None) -> Target:
    settings = Settings("real", TargetName.of(name), cache_dir=cache_dir, lab_cpu=cpu)
    return make(settings.target or TargetName(""), settings)


def test_local_is_this_machine() -> None:
    assert isinstance(target("local"), LocalTarget)
    assert target("local").name == "local"


def test_a_lab_is_named_by_its_line() -> None:
    assert target("lab:6.12", Path("cache")).name == "lab:6.12"


def test_the_schemes_are_the_files_of_the_folder_and_the_default_is_the_first() -> None:
    files = {path.stem for path in (PACKAGE / "targets").glob("*.py")}
    assert set(schemes()) == files - {"__init__", "base"}
    assert {"local", "lab"} <= set(schemes())
    assert schemes()[0] == "local"


def test_a_name_is_taken_apart_and_keeps_its_form() -> None:
    assert TargetName.of("lab:6.12") == TargetName("lab", "6.12")
    assert TargetName.of("local") == TargetName("local", None)
    for text in ("", "local", "lab:", "lab:a:b", "x:y"):
        assert str(TargetName.of(text)) == text


@pytest.mark.parametrize("name", ["", "remote", "lab", "Local", "local:1", "base"])
def test_an_unknown_target_gets_the_known_ones(name: str) -> None:
    with pytest.raises(UsageProblem, match=rf"unknown target '{name}'.*local, .*lab:6\.12"):
        target(name)


def test_an_unknown_line_gets_the_known_ones() -> None:
    with pytest.raises(UsageProblem, match=r"2\.6.*6\.12"):
        target("lab:2.6")


def descriptors() -> set[str]:
    """The names of this process's descriptors."""
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_the_agent_of_this_machine_answers_and_ends() -> None:
    before = descriptors()
    link = LocalTarget().connect()
    facts = link.request({"op": "describe"}, 20)["ok"]
    assert facts["machine"] == os.uname().machine
    link.close()
    assert descriptors() == before


@pytest.fixture
def unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that is killed leaves half of a file of coverage behind: let it have none."""
    for key in [key for key in os.environ if key.startswith("COVERAGE_")]:
        monkeypatch.delenv(key)


def test_an_agent_that_does_not_end_in_time_is_killed(
    unmeasured: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_LEAVE", 0.0)
    before = descriptors()
    link = LocalTarget().connect()
    link.close()
    assert descriptors() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_an_agent_that_does_not_greet_in_time_is_ended(
    unmeasured: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_TIMEOUT", 0.0)
    before = descriptors()
    with pytest.raises(LinkLost, match="the agent does not answer"):
        LocalTarget().connect()
    assert descriptors() == before


def test_a_system_without_kvm_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(UsageProblem, match=r"no KVM on this system \(darwin\).*backend=model"):
        LocalTarget().connect()


class FakeVm:
    """A lab VM that is a pipe."""

    lack = "no KVM"
    pid = os.getpid()

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self.channel = Channel(read_fd, write_fd, stray=lambda _: None)
        self.closed = 0

    def close(self) -> None:
        self.closed += 1

    def said(self) -> str:
        return "qemu: out of memory"


def test_a_lab_vm_is_reached_by_its_serial_line(monkeypatch: pytest.MonkeyPatch) -> None:
    read_end, write_end = os.pipe()
    vm = FakeVm(read_end, write_end)
    started: list[tuple[object, ...]] = []

    def start(line: str, board: Host, cache_dir: Path | None, cpu: str) -> FakeVm:
        started.append((line, board, cache_dir, cpu))
        return vm

    monkeypatch.setattr(lab, "start", start)
    lab_target = target("lab:6.12", Path("cache"), "max")
    assert lab_target.notes == ("emulated CPU max",)
    assert {pmu.pmuver for pmu in lab_target.fitted(BOARD).pmus} == {lab.cpus.CORES["max"].pmuver}
    link = lab_target.connect()
    assert lab_target.lack == "no KVM"
    assert started == [("6.12", BOARD, Path("cache"), "max")]
    # What goes out comes in: the pipe is both sides.
    assert link.request({"echo": 1}, 20) == {"echo": 1}
    with pytest.raises(NoAnswer, match="qemu: out of memory"):
        link.greet(0)
    link.close()
    assert vm.closed == 1
    for fd in (read_end, write_end):
        os.close(fd)


def test_a_lab_that_does_not_start_is_a_lost_link(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*_: object, **__: object) -> None:
        raise lab.LabFailure("QEMU ended with status 1")

    monkeypatch.setattr(lab, "start", start)
    with pytest.raises(LinkLost, match="QEMU ended with status 1"):
        target("lab:6.12").connect()
