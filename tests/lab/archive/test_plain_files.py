"""A mirror with a wrong list of packages, or wrong packages."""

from __future__ import annotations

import lzma
import shutil
from pathlib import Path

import pytest

from pytest_kvmpmu.lab import LabFailure
from pytest_kvmpmu.lab.archive.plain import PlainSuite

from ..debian import Archive
from ..web import Web, breaks_off, redirect, sends, status
from .conftest import LIST_PATH, update

pytestmark = pytest.mark.usefixtures("plain")


def test_a_list_that_is_not_there_is_named(suite: PlainSuite, web: Web) -> None:
    web.faults[LIST_PATH] = status(404)
    with pytest.raises(LabFailure, match=r"Packages\.xz does not exist, though its Release file"):
        update(suite)


def test_a_list_with_another_hash_is_refused(
    suite: PlainSuite, archive: Archive, web: Web, tmp_path: Path
) -> None:
    content = bytearray((archive.root / LIST_PATH.lstrip("/")).read_bytes())
    content[-1] ^= 1
    web.faults[LIST_PATH] = sends(bytes(content))
    with pytest.raises(LabFailure, match="is not the file that the archive signed"):
        update(suite)
    assert not list((tmp_path / "state").glob("Packages*"))


def test_a_list_that_breaks_off_is_gone_on_with(suite: PlainSuite, web: Web) -> None:
    web.faults[LIST_PATH] = breaks_off(times=2, after=100)
    update(suite)
    assert [start for path, start in web.asked if path == LIST_PATH] == [0, 100, 200]


def test_a_list_that_cannot_be_unpacked_is_named(
    suite: PlainSuite, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lzma, "compress", lambda content: content)
    archive.publish()
    with pytest.raises(LabFailure, match=r"Packages\.xz can't be unpacked"):
        update(suite)


def test_a_package_that_no_list_has_is_named(suite: PlainSuite) -> None:
    update(suite)
    with pytest.raises(LabFailure, match="stable has no package c"):
        suite.debs(["c"])


def test_a_package_that_is_gone_in_the_middle_leaves_the_others_for_the_next_try(
    suite: PlainSuite, web: Web, tmp_path: Path
) -> None:
    update(suite)
    debs = suite.debs(["a", "b"])
    web.faults[f"/{debs[1].path}"] = status(404)
    with pytest.raises(LabFailure, match=r"b_1:1\.2_arm64\.deb does not exist, though the list"):
        suite.download(debs, tmp_path / "debs", lambda _: None)
    web.faults.clear()
    web.asked.clear()
    suite.download(debs, tmp_path / "debs", lambda _: None)
    assert [path for path, _ in web.asked] == [f"/{debs[1].path}"]


def test_a_package_with_another_content_is_refused(
    suite: PlainSuite, web: Web, tmp_path: Path
) -> None:
    update(suite)
    debs = suite.debs(["b"])
    web.faults[f"/{debs[0].path}"] = sends(b"?" * debs[0].size)
    with pytest.raises(LabFailure, match="is not the file that the archive signed"):
        suite.download(debs, tmp_path, lambda _: None)
    assert not list(tmp_path.glob("*.deb*"))


def test_a_mirror_may_send_its_readers_elsewhere(
    suite: PlainSuite, archive: Archive, web: Web, tmp_path: Path
) -> None:
    update(suite)
    debs = suite.debs(["b"])
    shutil.move(archive.root / debs[0].path, archive.root / "b")
    web.faults[f"/{debs[0].path}"] = redirect(f"{web.url}/b")
    suite.download(debs, tmp_path / "debs", lambda _: None)
    assert debs[0].whole(tmp_path / "debs" / debs[0].file)
