"""Files that are copied into a lab VM."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.vm import parcel
from pytest_kvmpmu.lab.vm.parcel import Copy, Parcel, parse


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with files in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("tool", "odd:name", "folder/a", "folder/sub/b"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(name)
    Path("tool").chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("tool", "/root/tool"),
        ("./tool", "/root/tool"),
        ("tool:other", "/root/other"),
        ("tool:sub/", "/root/sub/tool"),
        ("tool:/etc/other", "/etc/other"),
        ("tool:/etc/", "/etc/tool"),
        ("odd:name", "/root/odd:name"),
        ("odd:name:plain", "/root/plain"),
    ],
)
def test_a_file_goes_where_it_is_wanted(there: Path, text: str, path: str) -> None:
    (copy,) = parse(text)
    assert copy.path == path


def test_a_file_keeps_its_permissions(there: Path) -> None:
    assert parse("tool") == [Copy(Path("tool"), "/root/tool", 0o755)]


def test_a_folder_goes_with_all_that_is_in_it(there: Path) -> None:
    assert [copy.path for copy in parse("folder")] == ["/root/folder/a", "/root/folder/sub/b"]
    assert [copy.path for copy in parse("folder:x")] == ["/root/x/a", "/root/x/sub/b"]
    assert [copy.path for copy in parse(".:/x")][-1] == "/x/tool"


@pytest.mark.parametrize("text", ["none", "none:dest", ":dest", ""])
def test_a_file_that_is_not_there_is_named(there: Path, text: str) -> None:
    with pytest.raises(UsageProblem, match=f"--copy {text}: .* does not exist"):
        parse(text)


def test_what_is_no_file_is_not_copied(there: Path) -> None:
    os.mkfifo("folder/pipe")
    with pytest.raises(UsageProblem, match="folder/pipe is neither a file nor a folder"):
        parse("folder")


def test_a_parcel_is_the_contents_one_after_the_other(there: Path) -> None:
    packed = Parcel([*parse("tool"), *parse("folder")])
    whole = b"toolfolder/afolder/sub/b"
    assert os.pread(packed.fd, 100, 0) == whole
    request = packed.request()
    assert [file["size"] for file in request["files"]] == [4, 8, 12]
    assert request["crc32"] == zlib.crc32(whole)
    assert packed.options() == ["-fw_cfg", f"name=opt/org.kvmpmu/files,file=/dev/fd/{packed.fd}"]
    packed.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(packed.fd)


def test_a_file_that_can_not_be_read_is_named(there: Path) -> None:
    copies = parse("tool")
    Path("tool").unlink()
    with pytest.raises(UsageProblem, match="--copy: tool cannot be copied: No such file"):
        Parcel(copies)


def test_more_than_the_machines_memory_is_not_even_read(
    there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parcel, "MEMORY_MB", 0)
    with pytest.raises(UsageProblem, match="larger than a lab VM's memory"):
        Parcel(parse("tool"))
