"""A file is written whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.support.whole_file import WholeFile, write


def test_where_writing_fails_the_file_stays_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "w.toml"
    path.write_text("old")
    written = WholeFile.write

    def full(self: WholeFile, text: str) -> None:
        written(self, text[:1])
        with self.os_errors():
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(WholeFile, "write", full)
    with pytest.raises(
        UsageProblem, match=r"waiver file .*w\.toml cannot be written: No space left"
    ):
        write(path, "new", "waiver file")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_to_the_file_stays_one_and_its_mode_stays(tmp_path: Path) -> None:
    real, link = tmp_path / "real.toml", tmp_path / "w.toml"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write(link, "new", "waiver file")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o640
