"""The file of a prepared lab: what is written is read back, and nothing else is read."""

from __future__ import annotations

import copy
import errno
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu import __version__
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import bundle
from pytest_kvmpmu.lab.bundle import MANIFEST, Bundle, File, Part

CONTENTS = {
    "kernels/0123456789abcdef/Image": b"kernel" * 5000,
    "user-space/0123456789abcdef/base.cpio": b"user space",
}


def _part(path: str, content: bytes) -> Part:
    file = File(path, len(content), hashlib.sha256(content).hexdigest())
    return Part(path.rpartition("/")[0], {"release": "6.12"}, (file,))


BUNDLE = Bundle(
    {"6.12": {"place": "kernels/0123456789abcdef", "also": "x"}},
    tuple(_part(path, content) for path, content in CONTENTS.items()),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for path, content in CONTENTS.items():
        place = tmp_path / "root" / path
        place.parent.mkdir(parents=True)
        place.write_bytes(content)
    return tmp_path / "root"


@pytest.fixture
def written(tmp_path: Path, root: Path) -> Path:
    path = tmp_path / "lab.tar.gz"
    bundle.write(path, BUNDLE, root, lambda _: None)
    return path


def unpack(path: Path) -> Bundle:
    return bundle.unpack(path, path.parent / "into", lambda _: None, lambda _: None)


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
    with pytest.raises(UsageProblem, match="cannot be written: it is no file"):
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


# Files that are something else.


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
    with pytest.raises(UsageProblem, match=r"other (is no prepared lab|is cut off or damaged)"):
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
    with pytest.raises(UsageProblem, match=r"cut off or damaged: .*Copy it once more"):
        unpack(written)


def test_a_file_whose_last_byte_is_missing_is_refused(written: Path) -> None:
    written.write_bytes(written.read_bytes()[:-1])
    with pytest.raises(UsageProblem, match="cut off or damaged"):
        unpack(written)


def test_a_changed_byte_anywhere_is_refused(written: Path) -> None:
    content = bytearray(written.read_bytes())
    for at in range(10, len(content), 7):  # before that is gzip's header
        content[at] ^= 0x55
        written.write_bytes(content)
        content[at] ^= 0x55
        with pytest.raises(UsageProblem):
            unpack(written)


# Files that are made up.


def made_up(
    path: Path,
    manifest: Any = None,
    change: Callable[[list[tuple[tarfile.TarInfo, bytes]]], None] = lambda _: None,
    after: bytes = b"",
) -> Path:
    """A bundle with another manifest, or whose members were changed by ``change``."""
    members = []
    first = json.dumps(BUNDLE.to_json() if manifest is None else manifest).encode()
    for name, content in [(MANIFEST, first), *CONTENTS.items()]:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        members.append((info, content))
    change(members)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for info, content in members:
            tar.addfile(info, io.BytesIO(content))
    path.write_bytes(gzip.compress(out.getvalue() + after))
    return path


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
        (lambda members: members.pop(1), "where kernels/0123456789abcdef/Image was to come"),
        (lambda members: members.pop(2), "base.cpio is missing"),
        (lambda members: members.pop(0), "does not begin with kvmpmu-lab.json"),
        (lambda members: members.reverse(), "does not begin with kvmpmu-lab.json"),
        (lambda members: members.insert(1, members.pop(2)), "was to come"),
        (a_link(tarfile.SYMTYPE), "which is no file, where kernels/"),
        (a_link(tarfile.LNKTYPE), "which is no file, where kernels/"),
        (a_link(tarfile.DIRTYPE), "which is no file, where kernels/"),
        (a_link(tarfile.FIFOTYPE), "which is no file, where kernels/"),
        (another(1, "../../evil", b"x"), "has '../../evil' where kernels/"),
        (another(1, "/evil", b"x"), "has '/evil' where kernels/"),
        (another(3, "more", b"x"), "has 'more' in it, which its manifest does not name"),
        (another(3, MANIFEST, b"{}"), "which its manifest does not name"),
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

    with pytest.raises(UsageProblem, match="Image is not what the manifest says"):
        unpack(made_up(tmp_path / "x", change=change))


def test_something_after_the_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="goes on after its end"):
        unpack(made_up(tmp_path / "x", after=b"more"))


@pytest.mark.parametrize("version", [0, 2])
def test_another_format_version_names_both_and_the_writer(tmp_path: Path, version: int) -> None:
    manifest = {**BUNDLE.to_json(), "version": version, "pytest-kvmpmu": "9.9"}
    with pytest.raises(UsageProblem) as caught:
        unpack(made_up(tmp_path / "x", manifest))
    assert f"of format {version}, and pytest-kvmpmu {__version__} reads format 1" in str(
        caught.value.cause
    )
    assert "Use pytest-kvmpmu 9.9 here" in caught.value.remedy


def _changed(*path: Any, to: Any) -> Any:
    manifest = copy.deepcopy(BUNDLE.to_json())
    inner = manifest
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = to
    return manifest


@pytest.mark.parametrize(
    "manifest",
    [
        [],
        "text",
        {},
        {"format": "kvmpmu-lab"},
        _changed("version", to="one"),
        _changed("parts", to={"a": 1}),
        _changed("parts", 0, "place", to="../kernels/0123456789abcdef"),
        _changed("parts", 0, "place", to="/kernels/0123456789abcdef"),
        _changed("parts", 0, "place", to="snapshots/0123456789abcdef"),
        _changed("parts", 0, "place", to=3),
        _changed("parts", 0, "about", to="text"),
        _changed("parts", 0, "files", 0, "name", to="../Image"),
        _changed("parts", 0, "files", 0, "name", to="a/Image"),
        _changed("parts", 0, "files", 0, "name", to=".hidden"),
        _changed("parts", 0, "files", 0, "size", to=-1),
        _changed("parts", 0, "files", 0, "size", to=True),
        _changed("parts", 0, "files", 0, "sha256", to="0"),
        _changed("parts", 0, "files", to=BUNDLE.to_json()["parts"][0]["files"] * 2),
        _changed("parts", 1, to=BUNDLE.to_json()["parts"][0]),
        _changed("current", to=[]),
        _changed("current", "6.12", to={"place": "kernels/ffffffffffffffff", "also": "x"}),
        _changed("current", "6.12", to={"place": "kernels/0123456789abcdef"}),
        _changed("current", "6.12", "also", to=1),
    ],
    ids=str,
)
def test_a_manifest_that_makes_no_sense_is_refused(tmp_path: Path, manifest: Any) -> None:
    with pytest.raises(UsageProblem, match="has a manifest that makes no sense"):
        unpack(made_up(tmp_path / "x", manifest))
    assert not (tmp_path / "into").exists()


def test_a_manifest_of_another_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem, match="is no prepared lab, but 'other'"):
        unpack(made_up(tmp_path / "x", {"format": "other"}))


def test_a_manifest_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "_MOST_MANIFEST", 10)
    with pytest.raises(UsageProblem, match=r"has a manifest of [0-9]+ bytes"):
        unpack(made_up(tmp_path / "x"))


def test_who_is_asked_before_can_refuse(written: Path) -> None:
    def begin(found: Bundle) -> None:
        assert found.size == sum(map(len, CONTENTS.values()))
        raise UsageProblem("no", "never")

    with pytest.raises(UsageProblem, match="no"):
        bundle.unpack(written, written.parent / "into", begin, lambda _: None)
    assert not (written.parent / "into").exists()
