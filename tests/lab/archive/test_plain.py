"""A mirror read without apt: the whole chain of trust, and how it is chosen."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import progress
from pytest_kvmpmu.lab.archive import choose
from pytest_kvmpmu.lab.archive.mirror import Mirror
from pytest_kvmpmu.lab.archive.plain import PlainSuite

from ..debian import Archive
from ..web import Web
from .conftest import LIST_PATH, update

pytestmark = pytest.mark.usefixtures("plain")


def test_packages_are_found_with_what_they_need_and_fetched(
    suite: PlainSuite, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "SECONDS_BETWEEN", 0)
    suite.update(said.append)
    assert suite.closure(["a"]) == ["a", "b"]
    debs = suite.debs(["a", "b"])
    assert [deb.file for deb in debs] == ["a_1_arm64.deb", "b_1%3a1.2_arm64.deb"]
    suite.download(debs, tmp_path / "debs", said.append)
    assert all(deb.whole(tmp_path / "debs" / deb.file) for deb in debs)
    assert said[0] == "reading the package list of stable"
    assert "downloading 2 packages from stable: 1 kB" in said
    assert said[-1].startswith("downloading: 100 %")


def test_a_list_that_is_still_current_is_not_fetched_again(suite: PlainSuite, web: Web) -> None:
    update(suite)
    web.asked.clear()
    update(suite)
    assert [path for path, _ in web.asked] == ["/dists/stable/InRelease"]


def test_a_list_is_asked_for_by_its_hash_where_the_mirror_offers_that(
    suite: PlainSuite, archive: Archive, web: Web
) -> None:
    archive.by_hash = True
    shutil.rmtree(archive.dists)
    archive.publish()
    update(suite)
    assert "/by-hash/SHA256/" in web.asked[-1][0]
    assert suite.show(["a"])[0]["Version"] == "1"


def test_an_incomplete_mirror_without_hashes_as_names_will_do(
    suite: PlainSuite, archive: Archive, web: Web
) -> None:
    archive.fields["Acquire-By-Hash"] = "yes"
    archive.publish()
    update(suite)
    assert web.asked[-1][0] == LIST_PATH


def test_a_mirror_of_old_with_the_signature_beside_will_do(
    suite: PlainSuite, archive: Archive
) -> None:
    (archive.dists / "InRelease").unlink()
    update(suite)


@pytest.mark.skipif(shutil.which("sqv") is None, reason="needs sqv")
def test_sqv_takes_the_place_of_gpgv(
    suite: PlainSuite,
    archive: Archive,
    web: Web,
    monkeypatch: pytest.MonkeyPatch,
    host_with: Callable[..., Path],
) -> None:
    monkeypatch.setenv("PATH", str(host_with("sqv", "setpriv", "sh")))
    update(suite)
    assert web.asked[0][0] == "/dists/stable/InRelease"
    (archive.dists / "InRelease").unlink()
    update(suite)
    archive.dists.joinpath("Release").write_bytes(b"Suite: stable\n")
    with pytest.raises(UsageProblem, match=r"the signature of .*/Release is not valid"):
        update(suite)


def test_a_host_without_apt_goes_this_way_by_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(choose.FETCH_VARIABLE)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert choose.way() == "plain"
    assert isinstance(choose.open_suite(Mirror("x", "y"), "stable", tmp_path), PlainSuite)


def test_an_unknown_way_is_refused_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choose.FETCH_VARIABLE, "curl")
    with pytest.raises(UsageProblem, match=r"KVMPMU_LAB_FETCH 'curl'.*Known: apt, plain"):
        choose.way()
