"""``kvmpmu play``: a list of calls in, one outcome per line out."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from pytest_kvmpmu import __version__, commands
from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.commands import play

HEADER = '{"kvmpmu-script": 1}\n'
VM = '{"call": "KVM_CREATE_VM", "on": "kvm", "cpu": 0, "new": "vm0"}\n'
VCPU = '{"call": "KVM_CREATE_VCPU", "on": "vm0", "cpu": 0, "new": "vcpu0", "id": 0}\n'
RUN = '{"call": "KVM_RUN", "on": "vcpu0", "cpu": 0}\n'
GOOD = HEADER + VM + VCPU + RUN
OUTCOMES = [
    {"ret": 0},
    {"ret": 0},
    {"ret": -1, "errno": "ENOEXEC", "exit": {"reason": "KVM_EXIT_UNKNOWN"}},
]


def ends(args: list[str]) -> int:
    """The exit status of the program, which argparse may also end."""
    try:
        return commands.main(args)
    except SystemExit as left:
        return int(left.code or 0)


def test_a_script_gives_one_outcome_per_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "good.jsonl"
    path.write_text(GOOD)
    assert ends(["play", str(path)]) == 0
    said = capsys.readouterr()
    assert [json.loads(line) for line in said.out.splitlines()] == OUTCOMES
    assert said.err == ""


def test_a_dash_is_standard_input(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(GOOD))
    assert ends(["play", "-"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3


def refused(args: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """The one line on standard error of a run that is a usage error."""
    assert ends(args) == 4
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    return line


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is empty. A script begins with the line"),
        (VM, "line 1: this is not a script header"),
        ('{"kvmpmu-script": 7}\n', "line 1: script format 7 is unknown"),
        (HEADER + "{\n", "line 2: this is not JSON"),
        (HEADER + VM.replace("CREATE", "DESTROY"), "'KVM_DESTROY_VM' is not known"),
        (HEADER + VM + VCPU.replace(', "id": 0', ""), "needs the argument 'id'"),
        (HEADER + VM.replace('"on"', '"off": 1, "on"'), "has no argument 'off'"),
        (HEADER + VM.replace('"cpu": 0', '"cpu": "0"'), "cpu: '0' is not a CPU number"),
        (HEADER + VCPU, "line 2: object 'vm0' does not exist"),
        (HEADER + VM + VM, "line 3: object 'vm0' already exists"),
        (
            HEADER + VM + '{"call": "KVM_SET_USER_MEMORY_REGION", "on": "vm0", "cpu": 0,'
            ' "payload": "lost"}\n',
            "line 3: unknown payload 'lost'",
        ),
    ],
)
def test_a_bad_script_is_one_clear_line_and_exit_status_4(
    text: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(text)
    line = refused(["play", str(path)], capsys)
    assert line.startswith(f"kvmpmu: error: {path}")
    assert says in line


def test_a_missing_script_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    line = refused(["play", "absent.jsonl"], capsys)
    assert "script absent.jsonl cannot be read: No such file or directory" in line


def test_a_folder_is_no_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "cannot be read: Is a directory" in refused(["play", str(tmp_path)], capsys)


def test_a_script_that_is_not_utf8_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "latin.jsonl"
    path.write_bytes(HEADER.encode() + b"# caf\xe9\n")
    line = refused(["play", str(path)], capsys)
    assert line.startswith(f"kvmpmu: error: {path} is not UTF-8")


def test_standard_input_that_is_not_utf8_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"# caf\xe9\n"), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stdin)
    assert "standard input is not UTF-8" in refused(["play", "-"], capsys)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["--kernel=banana"], "unknown kernel revision 'banana'"),
        (["--timeout=soon"], "--timeout=soon is not a number of seconds"),
        (["--backend=modle"], "Did you mean 'model'?"),
        (["--target=local"], "--target=local has no meaning with --backend=model"),
        (["--topology=nowhere.toml"], "nowhere.toml cannot be read"),
    ],
)
def test_a_bad_option_is_told_as_it_was_written(
    args: list[str], says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "good.jsonl"
    path.write_text(GOOD)
    assert says in refused(["play", str(path), *args], capsys)


def test_options_choose_the_backend(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cap.jsonl"
    path.write_text(
        HEADER + '{"call": "KVM_CHECK_EXTENSION", "on": "kvm", "cpu": 0,'
        ' "cap": "KVM_CAP_ARM_PMU_V3"}\n'
    )
    (tmp_path / "bare.toml").write_text("cpus = 1\n")
    for args, there in (([], 1), ([f"--topology={tmp_path / 'bare.toml'}"], 0)):
        assert ends(["play", str(path), *args]) == 0
        assert json.loads(capsys.readouterr().out) == {"ret": there}


def test_outcomes_before_a_failure_are_printed_and_the_backend_is_closed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[str] = []
    monkeypatch.setattr(ModelBackend, "close", lambda backend: closed.append(backend.name))
    path = tmp_path / "far.jsonl"
    path.write_text(HEADER + VM + VCPU.replace('"cpu": 0', '"cpu": 99'))
    assert ends(["play", str(path)]) == 1
    said = capsys.readouterr()
    assert said.out == '{"ret": 0}\n'
    assert said.err == "kvmpmu: CPU 99 cannot be used here: the host has no such CPU\n"
    assert closed == ["model"]


def test_ctrl_c_ends_with_its_own_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(path: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(play, "_text", interrupt)
    assert ends(["play", "x"]) == 130
    assert capsys.readouterr().err == "kvmpmu: interrupted\n"


@pytest.mark.parametrize("args", [[], ["dance"], ["play"], ["play", "a", "b"], ["play", "--x"]])
def test_a_bad_command_line_is_exit_status_4(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert refused(args, capsys).startswith("kvmpmu")


def test_the_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(["--version"]) == 0
    assert capsys.readouterr().out == f"kvmpmu {__version__}\n"


def test_help_says_what_play_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends(["play", "--help"]) == 0
    said = capsys.readouterr().out
    assert "one JSON object per line" in said
    assert "--kernel" in said
