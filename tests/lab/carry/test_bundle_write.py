"""A written bundle can be read; a failed write leaves nothing."""

from __future__ import annotations

import errno
import tarfile
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.carry import bundle
from pytest_kvmpmu.lab.carry.bundle import MANIFEST, Bundle

from .bundles import BUNDLE, CONTENTS, unpack


def unpacked(path: Path) -> dict[str, bytes]:
    into = path.parent / "into"
    return {
        file.relative_to(into).as_posix(): file.read_bytes()
        for file in into.rglob("*")
        if file.is_file()
    }


def test_what_is_written_is_read_back(written: Path) -> None:
    assert unpack(written) == BUNDLE
    assert unpacked(written) == CONTENTS


def test_the_same_lab_makes_the_same_bytes_and_leaves_nothing_beside(
    written: Path, root: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again.tar.gz"
    bundle.write(again, BUNDLE, root, lambda _: None)
    assert again.read_bytes() == written.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "again.tar.gz",
        "lab.tar.gz",
        "root",
    ]


def test_tar_lists_it_manifest_first(written: Path) -> None:
    with tarfile.open(written) as tar:
        assert tar.getnames() == [MANIFEST, *CONTENTS]


def test_writing_where_one_may_not_leaves_what_was_there(tmp_path: Path, root: Path) -> None:
    with pytest.raises(UsageProblem, match="cannot be written: No such file or directory"):
        bundle.write(tmp_path / "no/lab", BUNDLE, root, lambda _: None)
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageProblem, match="cannot be written: it is not a file"):
        bundle.write(tmp_path / "folder", BUNDLE, root, lambda _: None)


def test_a_full_disk_leaves_the_old_file_and_nothing_beside(
    written: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    before = written.read_bytes()
    monkeypatch.setattr(tarfile.TarFile, "addfile", full)
    with pytest.raises(UsageProblem, match="cannot be written: No space left"):
        bundle.write(written, BUNDLE, root, lambda _: None)
    assert written.read_bytes() == before
    assert list(written.parent.glob(".*")) == []


def test_an_interrupted_writing_leaves_nothing(
    tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(tarfile.TarFile, "addfile", interrupted)
    with pytest.raises(KeyboardInterrupt):
        bundle.write(tmp_path / "lab.tar.gz", BUNDLE, root, lambda _: None)
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_who_is_asked_before_can_refuse(written: Path) -> None:
    def begin(found: Bundle) -> None:
        assert found.size == sum(map(len, CONTENTS.values()))
        raise UsageProblem("no", "never")

    with pytest.raises(UsageProblem, match="no"):
        bundle.unpack(written, written.parent / "into", begin, lambda _: None)
    assert not (written.parent / "into").exists()
