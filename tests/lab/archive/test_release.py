"""A mirror with a wrong Release file."""

from __future__ import annotations

import shutil

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import LabFailure
from pytest_kvmpmu.lab.archive import release
from pytest_kvmpmu.lab.archive.mirror import SuiteMissing
from pytest_kvmpmu.lab.archive.plain import PlainSuite
from pytest_kvmpmu.lab.host import requirements

from ..debian import Archive, Key
from ..web import Web, sends
from .conftest import update

pytestmark = pytest.mark.usefixtures("plain")


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
    assert "InRelease is not valid with" in caught.value.cause
    assert str(keys[0].public) in caught.value.cause
    assert requirements.KEYRING_VARIABLE in caught.value.remedy


def test_a_changed_release_file_is_refused(suite: PlainSuite, archive: Archive) -> None:
    path = archive.dists / "InRelease"
    path.write_bytes(path.read_bytes().replace(b"Origin: Test", b"Origin: Toast"))
    with pytest.raises(UsageProblem, match="BAD signature"):
        update(suite)


def test_a_page_in_place_of_the_release_file_is_refused(suite: PlainSuite, web: Web) -> None:
    web.faults["/dists/stable/InRelease"] = sends(b"<html>Log in to this network</html>")
    with pytest.raises(UsageProblem, match="InRelease is not valid"):
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
    with pytest.raises(UsageProblem, match=r"has the date 2999-08-08.*clock"):
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
