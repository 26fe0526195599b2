"""A mirror read without apt: a small signed archive, whole and broken in each link of the chain."""

from __future__ import annotations

import lzma
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import LabFailure, console, lines, mirror, packages, release, requirements
from pytest_kvmpmu.lab.cache import Cache
from pytest_kvmpmu.lab.mirror import Mirror, SuiteMissing
from pytest_kvmpmu.lab.plain import LIST, PlainSuite
from pytest_kvmpmu.lab.stock import IMAGE, Stock

from .archive import Archive, Key
from .web import Web, breaks_off, redirect, sends, status

pytestmark = pytest.mark.skipif(shutil.which("gpgv") is None, reason="needs gpgv")

LIST_PATH = f"/dists/stable/{LIST}.xz"


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mirror.FETCH_VARIABLE, "plain")
    monkeypatch.delenv(release.CHECK_VARIABLE, raising=False)


@pytest.fixture
def suite(archive: Archive, web: Web, tmp_path: Path) -> PlainSuite:
    """Of an archive with two packages; `archive` can be changed before the update."""
    archive.add("a", Depends="b (>= 1)")
    archive.add("b", "1:1.2", {"usr/b": b"b" * 100_000})
    archive.publish()
    return PlainSuite(Mirror(web.url, str(archive.key.public)), "stable", tmp_path / "state")


def update(suite: PlainSuite) -> None:
    suite.update(lambda _: None)


def test_packages_are_found_with_what_they_need_and_fetched(
    suite: PlainSuite, tmp_path: Path, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "SECONDS_BETWEEN", 0)
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
    with pytest.raises(UsageProblem, match=r"the signature of .*/Release is not good"):
        update(suite)


def test_a_host_without_apt_goes_this_way_by_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv(mirror.FETCH_VARIABLE)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert mirror.way() == "plain"
    assert isinstance(mirror.open_suite(Mirror("x", "y"), "stable", tmp_path), PlainSuite)


def test_an_unknown_way_is_refused_with_those_there_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mirror.FETCH_VARIABLE, "curl")
    with pytest.raises(UsageProblem, match=r"KVMPMU_LAB_FETCH 'curl'.*Known: apt, plain"):
        mirror.way()


# The Release file.


def test_a_suite_that_is_not_there_is_told_apart(suite: PlainSuite, archive: Archive) -> None:
    shutil.rmtree(archive.dists)
    with pytest.raises(SuiteMissing):
        update(suite)


def test_a_strangers_archive_is_refused_with_the_keyring_and_the_remedy(
    suite: PlainSuite, archive: Archive, keys: tuple[Key, Key]
) -> None:
    archive.key = keys[1]
    archive.publish()
    with pytest.raises(UsageProblem) as caught:
        update(suite)
    assert "InRelease is not good by" in caught.value.cause
    assert str(keys[0].public) in caught.value.cause
    assert requirements.KEYRING_VARIABLE in caught.value.remedy


def test_a_changed_release_file_is_refused(suite: PlainSuite, archive: Archive) -> None:
    path = archive.dists / "InRelease"
    path.write_bytes(path.read_bytes().replace(b"Origin: Test", b"Origin: Toast"))
    with pytest.raises(UsageProblem, match="BAD signature"):
        update(suite)


def test_a_page_in_place_of_the_release_file_is_refused(suite: PlainSuite, web: Web) -> None:
    web.faults["/dists/stable/InRelease"] = sends(b"<html>Log in to this network</html>")
    with pytest.raises(UsageProblem, match="InRelease is not good"):
        update(suite)


def test_another_suites_release_file_is_refused(suite: PlainSuite, archive: Archive) -> None:
    archive.fields.update(Suite="oldstable", Codename="myth")
    archive.publish()
    with pytest.raises(
        UsageProblem, match="signed for the suite oldstable or myth, not for stable"
    ):
        update(suite)


def test_an_expired_release_file_is_refused_unless_that_is_wanted(
    suite: PlainSuite, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.fields["Valid-Until"] = "Sat, 08 Aug 2026 10:00:00 UTC"
    archive.publish()
    with pytest.raises(UsageProblem, match=r"was valid until 2026-08-08 10:00 UTC.*=no"):
        update(suite)
    monkeypatch.setenv(release.CHECK_VARIABLE, "no")
    update(suite)


def test_a_release_file_still_in_force_is_taken(suite: PlainSuite, archive: Archive) -> None:
    archive.fields["Valid-Until"] = "Sat, 08 Aug 2999 10:00:00 UTC"
    archive.publish()
    update(suite)


def test_a_release_file_of_the_future_points_at_the_clock(
    suite: PlainSuite, archive: Archive
) -> None:
    archive.fields["Date"] = "Sat, 08 Aug 2999 10:00:00 UTC"
    archive.publish()
    with pytest.raises(UsageProblem, match=r"is of 2999-08-08.*clock"):
        update(suite)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"Suite: stable\n", "can't be read: KeyError 'SHA256'"),
        (b"Suite: stable\nSHA256:\n one two\n", "can't be read: ValueError"),
        (b"Suite: stable\nDate: never\nSHA256:\n 00 1 x\n", "can't be read: ValueError"),
        (b"Suite: stable\nSHA256:\n 00 1 x\n", "names no list of packages for arm64"),
    ],
    ids=["no hashes", "odd hashes", "odd date", "no list"],
)
def test_a_signed_release_file_that_says_too_little_is_a_failure(
    suite: PlainSuite, archive: Archive, text: bytes, told: str
) -> None:
    archive.sign(text)
    with pytest.raises(LabFailure, match=told):
        update(suite)


# The list of packages.


def test_a_list_that_is_not_there_is_named(suite: PlainSuite, web: Web) -> None:
    web.faults[LIST_PATH] = status(404)
    with pytest.raises(LabFailure, match=r"Packages\.xz is not there, though its Release file"):
        update(suite)


def test_a_list_with_another_hash_is_refused(
    suite: PlainSuite, archive: Archive, web: Web, tmp_path: Path
) -> None:
    content = bytearray((archive.root / LIST_PATH.lstrip("/")).read_bytes())
    content[-1] ^= 1
    web.faults[LIST_PATH] = sends(bytes(content))
    with pytest.raises(LabFailure, match="is not the file that the archive signed for"):
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


# The packages.


def test_a_package_that_is_gone_in_the_middle_leaves_the_others_for_the_next_try(
    suite: PlainSuite, web: Web, tmp_path: Path
) -> None:
    update(suite)
    debs = suite.debs(["a", "b"])
    web.faults[f"/{debs[1].path}"] = status(404)
    with pytest.raises(LabFailure, match=r"b_1:1\.2_arm64\.deb is not there, though the list"):
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
    with pytest.raises(LabFailure, match="is not the file that the archive signed for"):
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


# The lab.


def test_a_kernel_comes_into_the_cache_without_apt_or_dpkg(
    archive: Archive,
    web: Web,
    cache: Cache,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    host_with: Callable[..., Path],
) -> None:
    line = lines.lines()[0]
    archive.suite = line.suite
    archive.add(line.package, Depends="linux-image-5.10.9-arm64")
    image = b"MZ Linux version 5.10.9-arm64 (who@where) "
    archive.add("linux-image-5.10.9-arm64", "5.10.9-1", {"boot/vmlinuz-5.10.9-arm64": image})
    archive.publish()
    monkeypatch.delenv(mirror.FETCH_VARIABLE)
    monkeypatch.setenv("PATH", str(host_with("gpgv", "setpriv", "sh")))
    monkeypatch.setenv(mirror.MIRROR_VARIABLE, f"{web.url}/")
    monkeypatch.setenv(requirements.KEYRING_VARIABLE, str(archive.key.armored))
    entry = Stock(cache, said.append).kernel(line)
    assert entry.about["release"] == "5.10.9-arm64"
    assert entry.file(IMAGE).read_bytes() == image
    assert list((cache.root / "debs").iterdir()) == []


def test_a_line_whose_suite_is_gone_lists_the_lines_still_there(
    archive: Archive, web: Web, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, there = lines.lines()[:2]
    archive.suite = there.suite
    archive.publish()
    monkeypatch.setenv(mirror.MIRROR_VARIABLE, web.url)
    monkeypatch.setenv(requirements.KEYRING_VARIABLE, str(archive.key.public))
    with pytest.raises(UsageProblem) as caught:
        Stock(cache, lambda _: None).kernel(gone)
    assert caught.value.remedy.endswith(f"still to be had there: {there.name}")


def test_the_user_spaces_packages_are_found_by_their_carriers(
    archive: Archive, web: Web, suite: PlainSuite
) -> None:
    wanted = lines.userspace()
    for name in wanted.packages:
        archive.add(name, Depends="python3.99-minimal, b" if name == "python3-minimal" else "b")
    archive.add("python3.99-minimal", Depends="b")
    archive.publish()
    update(suite)
    found = {deb.name for deb in packages.userspace(suite, wanted)}
    assert "python3.99-minimal" in found
    assert "python3-minimal" not in found
