"""Files whose members differ from their manifest."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.carry.bundle import MANIFEST

from .bundles import BUNDLE, made_up, unpack


def a_link(kind: bytes) -> Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        info = tarfile.TarInfo(members[1][0].name)
        info.type = kind
        info.linkname = "/etc/passwd"
        members[1] = (info, b"")

    return change


def another(
    number: int, name: str, content: bytes
) -> Callable[[list[tuple[tarfile.TarInfo, bytes]]], None]:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        members[number:number] = [(info, content)]

    return change


def test_a_made_up_bundle_is_good_as_such(tmp_path: Path) -> None:
    assert unpack(made_up(tmp_path / "x")) == BUNDLE


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda members: members.pop(1), "in the place of kernels/0123456789abcdef/Image"),
        (lambda members: members.pop(2), "base.cpio is missing"),
        (lambda members: members.pop(0), "does not begin with kvmpmu-lab.json"),
        (lambda members: members.reverse(), "does not begin with kvmpmu-lab.json"),
        (lambda members: members.insert(1, members.pop(2)), "in the place of"),
        (a_link(tarfile.SYMTYPE), "not a file, in the place of kernels/"),
        (a_link(tarfile.LNKTYPE), "not a file, in the place of kernels/"),
        (a_link(tarfile.DIRTYPE), "not a file, in the place of kernels/"),
        (a_link(tarfile.FIFOTYPE), "not a file, in the place of kernels/"),
        (another(1, "../../evil", b"x"), "has '../../evil' in the place of kernels/"),
        (another(1, "/evil", b"x"), "has '/evil' in the place of kernels/"),
        (another(3, "more", b"x"), "contains 'more', which is not in its manifest"),
        (another(3, MANIFEST, b"{}"), "which is not in its manifest"),
    ],
    ids=[
        "file missing", "last file missing", "no manifest", "manifest last", "other order",
        "symbolic link", "hard link", "folder", "pipe", "way out", "absolute", "unknown",
        "second manifest",
    ],
)  # fmt: skip
def test_other_members_than_the_manifest_names_are_refused(
    tmp_path: Path, change: Any, told: str
) -> None:
    with pytest.raises(UsageProblem) as caught:
        unpack(made_up(tmp_path / "x", change=change))
    assert told in caught.value.cause
    assert not (tmp_path.parent / "evil").exists()


def test_another_content_of_the_same_size_is_refused(tmp_path: Path) -> None:
    def change(members: list[tuple[tarfile.TarInfo, bytes]]) -> None:
        members[1] = (members[1][0], bytes(len(members[1][1])))

    with pytest.raises(UsageProblem, match="Image does not match the manifest"):
        unpack(made_up(tmp_path / "x", change=change))


def test_something_after_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="has data after its end"):
        unpack(made_up(tmp_path / "x", after=b"more"))
