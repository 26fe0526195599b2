"""Package files, as a mirror lists them and as they are there."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pytest_kvmpmu.lab.archive.mirror import Deb, begin_download

CONTENT = b"package" * 1000
STANZA = {
    "Package": "a",
    "Version": "1:1.2-3",
    "Architecture": "arm64",
    "Size": str(len(CONTENT)),
    "SHA256": hashlib.sha256(CONTENT).hexdigest(),
    "Filename": "pool/a.deb",
}
DEB = Deb.of(STANZA)


def test_a_package_is_what_its_stanza_says() -> None:
    assert (DEB.name, DEB.version, DEB.size, DEB.path) == ("a", "1:1.2-3", 7000, "pool/a.deb")
    assert DEB.file == "a_1%3a1.2-3_arm64.deb"  # as apt-get calls it
    without = {key: value for key, value in STANZA.items() if key != "Filename"}
    assert Deb.of(without).path == ""


def test_a_file_is_whole_to_the_last_byte(tmp_path: Path) -> None:
    file = tmp_path / DEB.file
    assert not DEB.whole(file)
    file.write_bytes(CONTENT[:-1])
    assert not DEB.whole(file)
    file.write_bytes(CONTENT[:-1] + b"x")
    assert not DEB.whole(file)
    file.write_bytes(CONTENT)
    assert DEB.whole(file)


def test_what_is_not_there_whole_is_fetched_and_that_is_said(
    tmp_path: Path, said: list[str]
) -> None:
    into = tmp_path / "debs"
    other = Deb.of({**STANZA, "Package": "b", "Size": "3000000"})
    assert begin_download([DEB, other], into, "bookworm", said.append) == [DEB, other]
    assert said == ["downloading 2 packages from bookworm: 3 MB"]
    (into / DEB.file).write_bytes(CONTENT)
    assert begin_download([DEB], into, "bookworm", said.append) == []
    assert begin_download([DEB, other], into, "bookworm", said.append) == [other]
    assert said[1:] == ["downloading 1 package from bookworm: 3 MB"]
