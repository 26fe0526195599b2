"""Package files, unpacked without dpkg."""

from __future__ import annotations

import gzip
import io
import lzma
import sys
import types
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import LabFailure
from pytest_kvmpmu.lab.archive import packages

from ..debian import ar, deb, tar

FILES = {"bin/busybox": b"busybox", "usr/share/doc/x": b"text"}


def unpacked(package: Path) -> dict[str, bytes]:
    return {path: content for path, _, content in packages.members(package, lambda _: True)}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    return tmp_path / "x.deb"


def test_files_and_links_come_out(package: Path) -> None:
    package.write_bytes(deb(FILES, {"lib/a.so.1": "a.so.1.2"}))
    assert unpacked(package) == {**FILES, "lib/a.so.1": b""}
    links = [info.linkname for _, info, _ in packages.members(package, lambda p: "lib/" in p)]
    assert links == ["a.so.1.2"]


@pytest.mark.parametrize(
    ("suffix", "pack"),
    [("", bytes), (".gz", gzip.compress), (".xz", lzma.compress)],
    ids=["none", "gzip", "xz"],
)
def test_each_packing_of_debian_is_read(package: Path, suffix: str, pack: object) -> None:
    assert callable(pack)
    package.write_bytes(ar({"debian-binary": b"2.0\n", f"data.tar{suffix}": pack(tar(FILES))}))
    assert unpacked(package) == FILES


def test_an_odd_sized_member_before_is_skipped(package: Path) -> None:
    package.write_bytes(ar({"debian-binary": b"odd", "data.tar": tar(FILES)}))
    assert unpacked(package) == FILES


def test_zstandard_is_left_to_a_library_that_is_there(
    package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package.write_bytes(ar({"data.tar.zst": tar(FILES)}))
    for name in ("compression.zstd", "zstandard"):
        monkeypatch.setitem(sys.modules, name, None)  # importing it fails
    with pytest.raises(UsageProblem, match=r"x\.deb is packed with zstd.*zstandard"):
        unpacked(package)
    library = types.ModuleType("zstandard")
    vars(library)["ZstdDecompressor"] = lambda: types.SimpleNamespace(
        stream_reader=lambda stream: io.BufferedReader(io.BytesIO(stream.read()))
    )
    monkeypatch.setitem(sys.modules, "zstandard", library)
    assert unpacked(package) == FILES


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"half", "it is not a Debian package"),
        (b"!<arch>\n" + b"x" * 100, "it is truncated or damaged"),
        (ar({"debian-binary": b"2.0\n"}), "it is truncated or damaged"),
        (deb(FILES)[:-20], ""),
        (ar({"data.tar.xz": b"no xz"}), ""),
        (ar({"data.tar.gz": gzip.compress(tar(FILES))[:-30]}), ""),
        (ar({"data.tar": b"no tar" * 100}), ""),
    ],
    ids=["short", "no member", "no files", "cut off", "no xz", "gzip cut off", "no tar"],
)
def test_a_file_that_is_no_package_is_named(package: Path, content: bytes, why: str) -> None:
    package.write_bytes(content)
    with pytest.raises(LabFailure, match=rf"x\.deb cannot be unpacked: {why}"):
        unpacked(package)


def test_a_packing_that_nobody_knows_is_named(package: Path) -> None:
    package.write_bytes(ar({"data.tar.lha": b""}))
    with pytest.raises(LabFailure, match=r"packed with \.lha"):
        unpacked(package)
