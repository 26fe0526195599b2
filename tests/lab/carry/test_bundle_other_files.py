"""Files that are not a bundle, or are truncated or damaged."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem

from .bundles import BUNDLE, unpack


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip",
        gzip.compress(b"no tar" * 1000),
        gzip.compress(b""),
        json.dumps(BUNDLE.to_json()).encode(),
    ],
    ids=["empty", "text", "gzip", "empty gzip", "json"],
)
def test_another_kind_of_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(
        UsageProblem, match=r"other (is not a prepared lab|is truncated or damaged)"
    ):
        unpack(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match=r"nothing\.tar\.gz cannot be read: No such file"):
        unpack(tmp_path / "nothing.tar.gz")
    with pytest.raises(UsageProblem, match="cannot be read: Is a directory"):
        unpack(tmp_path)


@pytest.mark.parametrize("share", [1, 10, 50, 90, 99])
def test_a_file_that_is_cut_off_anywhere_is_refused(written: Path, share: int) -> None:
    content = written.read_bytes()
    written.write_bytes(content[: len(content) * share // 100])
    with pytest.raises(UsageProblem, match=r"truncated or damaged: .*Copy it again"):
        unpack(written)


def test_a_file_whose_last_byte_is_missing_is_refused(written: Path) -> None:
    written.write_bytes(written.read_bytes()[:-1])
    with pytest.raises(UsageProblem, match="truncated or damaged"):
        unpack(written)


def test_a_changed_byte_anywhere_is_refused(written: Path) -> None:
    content = bytearray(written.read_bytes())
    for at in range(10, len(content), 7):  # before that is gzip's header
        content[at] ^= 0x55
        written.write_bytes(content)
        content[at] ^= 0x55
        with pytest.raises(UsageProblem):
            unpack(written)
