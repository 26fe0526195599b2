"""The initramfs' archive format."""

from __future__ import annotations

import stat

import pytest

from pytest_kvmpmu.lab.initramfs import cpio

MEMBERS = {
    "init": cpio.file(b"#!/bin/sh\n", executable=True),
    "a/b/odd": cpio.file(b"12345"),
    "a/link": cpio.link("/a/b/odd"),
    "dev": cpio.FOLDER,
}


def test_what_is_written_is_read_back_with_its_folders() -> None:
    back = dict(cpio.read(cpio.archive(MEMBERS)))
    assert {path: member for path, member in back.items() if path in MEMBERS} == MEMBERS
    assert set(back) - set(MEMBERS) == {"a", "a/b"}
    assert stat.S_IMODE(back["init"].mode) == 0o755


def test_a_folder_comes_before_what_is_in_it() -> None:
    paths = [path for path, _ in cpio.read(cpio.archive(MEMBERS))]
    assert paths == ["a", "a/b", "a/b/odd", "a/link", "dev", "init"]


def test_the_same_members_in_another_order_give_the_same_bytes() -> None:
    assert cpio.archive(MEMBERS) == cpio.archive(dict(reversed(MEMBERS.items())))


def test_entries_are_padded_to_four_bytes() -> None:
    assert len(cpio.archive(MEMBERS)) % 4 == 0


def test_reading_something_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="no newc entry at byte 0"):
        list(cpio.read(b"not an archive"))
