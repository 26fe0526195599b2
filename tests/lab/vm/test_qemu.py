"""Which QEMU will do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import start
from pytest_kvmpmu.lab.vm import hardware, qemu

from ..conftest import BOARD, LINE, Pretend


def test_without_qemu_the_error_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageProblem) as caught:
        start(LINE, BOARD, cache_dir=tmp_path)
    assert "qemu-system-aarch64 is missing" in caught.value.cause
    assert "apt-get install qemu-system-arm" in caught.value.remedy
    assert "kvmpmu lab setup --install" in caught.value.remedy


def test_an_old_qemu_is_refused_with_both_versions(tmp_path: Path, pretend: Pretend) -> None:
    pretend("qemu-system-aarch64", "echo 'QEMU emulator version 6.2.0 (Debian 1:6.2)'")
    with pytest.raises(UsageProblem, match=r"is QEMU 6\.2, but the lab needs 7\.2 or newer"):
        start(LINE, BOARD, cache_dir=tmp_path / "cache")


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)", "7.2.22 (Debian 1:7.2+dfsg-7)"),
        ("QEMU emulator version 10.0.2", "10.0.2"),
    ],
)
def test_a_new_enough_qemu_is_taken(pretend: Pretend, said: str, version: str) -> None:
    path = pretend("qemu-system-aarch64", f"echo '{said}'")
    assert qemu.check(qemu.find()) == qemu.Qemu(str(path), version)


def test_a_program_that_is_not_qemu_is_refused(pretend: Pretend) -> None:
    pretend("qemu-system-aarch64", "echo hello")
    with pytest.raises(UsageProblem, match="does not report its version"):
        qemu.check(qemu.find())


def reports(folder: Path, version: str) -> str:
    """The path of a QEMU of that version in a new folder."""
    folder.mkdir()
    path = folder / "qemu-system-aarch64"
    path.write_text(f"#!/bin/sh\necho QEMU emulator version {version}\n")
    path.chmod(0o755)
    return str(path)


def test_the_first_qemu_on_path_is_used_unless_a_board_needs_a_newer_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = reports(tmp_path / "old", "7.2.22"), reports(tmp_path / "new", "10.0.2")
    reports(tmp_path / "newest", "11.1.3")
    folders = [tmp_path / name for name in ("old", "absent", "new", "newest")]
    monkeypatch.setenv("PATH", ":".join(map(str, folders)), prepend=":")
    assert qemu.find() == old
    assert qemu.find((10, 0)) == new


def test_a_board_that_needs_a_newer_qemu_names_the_package_that_has_it(
    tmp_path: Path, pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = pretend("qemu-system-aarch64", "echo QEMU emulator version 7.2.22")
    monkeypatch.setattr(hardware, "NESTED_QEMU", (99, 1))
    with pytest.raises(UsageProblem) as caught:
        start("rc", replace(BOARD, nested=True), cache_dir=tmp_path / "cache")
    assert caught.value.cause == f"this board needs QEMU 99.1 or newer, but {path} is QEMU 7.2"
    assert "apt-get install -t bookworm-backports qemu-system-arm" in caught.value.remedy
    assert not (tmp_path / "cache").exists()
