"""Revisions, and the revision of a kernel release."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.revision import (
    FIRST,
    NEWEST,
    NEWEST_RELEASE_SEEN,
    REVISIONS,
    Detected,
    Revision,
    detect,
    revision,
)
from pytest_kvmpmu.errors import UsageProblem


def test_revisions_stand_in_the_order_in_which_they_came() -> None:
    ranks = [known.rank for known in REVISIONS]
    assert ranks == sorted(set(ranks))
    assert list(REVISIONS) == sorted(REVISIONS)
    assert (min(REVISIONS), max(REVISIONS)) == (FIRST, NEWEST)


def test_no_revisions_name_is_given_twice() -> None:
    names = [known.name for known in REVISIONS]
    assert len(set(names)) == len(names)


def test_a_series_comes_after_the_release_before_it_and_before_the_merge() -> None:
    assert revision("linux-5.11") < revision("series-v1") < revision("linux-5.18")


@pytest.mark.parametrize("known", REVISIONS, ids=str)
def test_a_revision_is_found_by_its_name_and_says_it(known: Revision) -> None:
    assert revision(known.name) == known
    assert str(known) == known.name
    assert detect(known.name) == Detected(known)


@pytest.mark.parametrize("name", ["", "5.18", "linux-5.17", "series-v9"])
def test_only_a_revisions_exact_name_names_it(name: str) -> None:
    with pytest.raises(UsageProblem, match=r"unknown revision .*Known: linux-5\.10"):
        revision(name)


@pytest.mark.parametrize(
    ("release", "name"),
    [
        ("5.10", "linux-5.10"),
        ("5.10.0-33-arm64", "linux-5.10"),
        ("5.17.15", "linux-5.11"),
        ("5.18.0-rc1", "linux-5.18"),
        ("5.19", "linux-5.19"),
        ("6.1.119-1", "linux-6.0"),
        ("6.3.13", "linux-6.2"),
        ("linux-6.4", "linux-6.4"),
        ("6.5.0", "linux-6.5"),
        ("6.6.1", "linux-6.6"),
        ("6.7", "linux-6.7"),
        ("6.16", "linux-6.16"),
        ("7.2.3", "linux-7.1"),
        ("7.3.0-rc7", "linux-7.3"),
        ("linux-6.12", "linux-6.7"),
        ("6.12.107+deb13-arm64", "linux-6.7"),
    ],
)
def test_a_release_is_its_newest_revision_not_newer_than_itself(release: str, name: str) -> None:
    assert detect(release) == Detected(revision(name))


def test_a_release_newer_than_any_checked_is_the_newest_and_says_so() -> None:
    major, minor = NEWEST_RELEASE_SEEN
    found = detect(f"{major}.{minor + 1}.3-rt")
    assert found.revision == NEWEST
    assert found.note == (
        f"newer than {major}.{minor}, the newest release checked; treated as {NEWEST}"
    )
    assert detect(f"{major + 1}.0").revision == NEWEST


@pytest.mark.parametrize("release", ["5.9.16", "4.19.0-27-arm64", "linux-5.4"])
def test_a_release_before_the_first_revision_is_too_old(release: str) -> None:
    with pytest.raises(UsageProblem, match=r"older than linux-5\.10.* Use a newer kernel"):
        detect(release)


@pytest.mark.parametrize("text", ["", "banana", "series-v99", "6", "v6.1", "linux-", " 6.1"])
def test_what_is_no_release_gets_the_names_that_there_are(text: str) -> None:
    with pytest.raises(UsageProblem, match=r"unknown kernel revision .*or a release like 6\.12"):
        detect(text)


def test_a_misspelt_revision_gets_the_nearest_one() -> None:
    with pytest.raises(UsageProblem, match="Did you mean 'series-v1'"):
        detect("serie-v1")
