"""Which files of packages go into the initramfs, with made-up packages."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from pytest_kvmpmu.lab import LabFailure
from pytest_kvmpmu.lab.initramfs import agent_files, cpio, userspace
from pytest_kvmpmu.lab.lines import Userspace

from ..debian import deb
from .test_elf import made

WANTED = Userspace(
    suite="stable",
    packages=("all",),
    carriers=(),
    programs={"busybox": "bin/busybox", "python3": "usr/bin/python3.*"},
    stdlib="usr/lib/python3.[0-9]*",
    drop=("test/*", "lib-dynload/_sqlite3.*"),
)
FILES = {
    "bin/busybox": b"busybox",
    "usr/bin/python3.12": made(),
    "usr/lib/python3.12/os.py": b"# os",
    "usr/lib/python3.12/json/__init__.py": b"# json",
    "usr/lib/python3.12/test/__init__.py": b"# test",
    "usr/lib/python3.12/lib-dynload/mmap.so": b"mmap",
    "usr/lib/python3.12/lib-dynload/_sqlite3.so": b"sqlite",
    "lib/aarch64-linux-gnu/ld-good.so.1": b"ld",
    "usr/lib/aarch64-linux-gnu/libgood.so.1.2": b"good",
    "usr/lib/aarch64-linux-gnu/libother.so.1": b"other",
    "usr/share/doc/all/copyright": b"text",
}


def package(folder: Path, files: dict[str, bytes]) -> Path:
    path = folder / "all.deb"
    target = "usr/lib/aarch64-linux-gnu/libgood.so.1.2"
    links = {target.removesuffix(".2"): "libgood.so.1.2"} if target in files else {}
    path.write_bytes(deb(files, links))
    return path


def test_programs_library_and_what_they_need_are_taken_and_nothing_else(tmp_path: Path) -> None:
    members = userspace.base([package(tmp_path, FILES)], WANTED)
    assert sorted(members) == [
        "bin/busybox",
        "bin/python3",
        "lib/ld-good.so.1",
        "lib/libgood.so.1",
        "usr/bin/python3.12",
        "usr/lib/python3.12/json/__init__.py",
        "usr/lib/python3.12/lib-dynload/mmap.so",
        "usr/lib/python3.12/os.py",
    ]
    assert members["bin/python3"] == cpio.link("/usr/bin/python3.12")
    assert members["lib/libgood.so.1"].content == b"good"
    assert members["bin/busybox"].mode & stat.S_IXUSR


def test_a_library_that_no_package_brings_is_named(tmp_path: Path) -> None:
    files = {name: content for name, content in FILES.items() if "libgood" not in name}
    with pytest.raises(LabFailure, match=r"no package of the user space has libgood\.so\.1"):
        userspace.base([package(tmp_path, files)], WANTED)


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    files = {name: content for name, content in FILES.items() if name != "bin/busybox"}
    with pytest.raises(LabFailure, match="0 files bin/busybox, not one"):
        userspace.base([package(tmp_path, files)], WANTED)


def test_the_initramfs_has_the_agent_and_its_payloads() -> None:
    members = dict(cpio.read(userspace.with_agent({}, agent_files.INIT)))
    home = agent_files.HOME
    assert members["init"].content.startswith(b"#!/bin/busybox sh\n")
    assert members["init"].mode & stat.S_IXUSR
    assert f"{home}/pytest_kvmpmu/agent/__main__.py" in members
    assert f"{home}/pytest_kvmpmu/wire/frame.py" in members
    assert any(path.startswith(f"{home}/fixtures/payloads/") for path in members)
    assert not any("__pycache__" in path for path in members)


def test_every_path_in_the_initramfs_follows_its_folder() -> None:
    seen: set[str] = set()
    for path, _ in cpio.read(userspace.with_agent({}, agent_files.INIT)):
        assert not path.startswith("/")
        parent = path.rpartition("/")[0]
        assert not parent or parent in seen
        seen.add(path)


LIBRARY = "usr/lib/python3.12"
MODULES = {
    "os.py": b"# os",
    "json/__init__.py": b"# json",
    "json/tool.py": b"# json.tool",
    "argparse.py": b"# argparse",
    "logging/__init__.py": b"# logging",
    "logging/handlers.py": b"# logging.handlers",
    "lib-dynload/mmap.so": b"mmap",
}
BYTECODE = {
    "__pycache__/os.cpython-312.pyc": b"os, compiled",
    "json/__pycache__/__init__.cpython-312.pyc": b"json, compiled",
}


def slimmed() -> dict[str, cpio.Member]:
    files = {f"{LIBRARY}/{name}": cpio.file(content) for name, content in MODULES.items()}
    compiled = {f"{LIBRARY}/{name}": cpio.file(content) for name, content in BYTECODE.items()}
    return userspace.slim({**files, "bin/tool.py": cpio.file(b"")}, compiled)


def test_what_the_agent_imports_is_bytecode_and_the_rest_is_in_a_zip_file() -> None:
    members = slimmed()
    assert sorted(members) == [
        "bin/tool.py",
        f"{LIBRARY}/json/__init__.pyc",
        f"{LIBRARY}/json/tool.py",  # a package is in one place only
        f"{LIBRARY}/lib-dynload/mmap.so",
        f"{LIBRARY}/os.pyc",
        "usr/lib/python312.zip",
    ]
    assert members[f"{LIBRARY}/os.pyc"].content == b"os, compiled"


def test_the_zip_file_has_the_modules_below_its_root(tmp_path: Path) -> None:
    path = tmp_path / "python312.zip"
    path.write_bytes(slimmed()["usr/lib/python312.zip"].content)
    with zipfile.ZipFile(path) as archive:
        names = ["argparse.py", "logging/__init__.py", "logging/handlers.py"]
        assert archive.namelist() == names
        assert archive.read("argparse.py") == b"# argparse"


def test_the_same_files_make_the_same_zip_file() -> None:
    assert slimmed() == slimmed()
