"""Downloads that are interrupted, redirected, or have the wrong content."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pytest_kvmpmu.lab import LabFailure
from pytest_kvmpmu.lab.archive import fetch

from ..web import Web, breaks_off, redirect, sends, status

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture(autouse=True)
def served(web: Web) -> None:
    (web.folder / "a.deb").write_bytes(CONTENT)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "a.deb"


def get(web: Web, path: Path) -> None:
    fetch.file(f"{web.url}/a.deb", path, len(CONTENT), SHA256)


def test_a_file_is_fetched_whole_and_nothing_is_left_beside(web: Web, path: Path) -> None:
    told: list[int] = []
    fetch.file(f"{web.url}/a.deb", path, len(CONTENT), SHA256, told.append)
    assert path.read_bytes() == CONTENT
    assert told[-1] == len(CONTENT)
    assert not path.with_name("a.deb.part").exists()


def test_a_folder_can_be_a_mirror(web: Web, path: Path) -> None:
    fetch.file(f"file://{web.folder}/a.deb", path, len(CONTENT), SHA256)
    assert path.read_bytes() == CONTENT
    with pytest.raises(fetch.NotThere):
        fetch.small(f"file://{web.folder}/b", 10)


def test_a_download_that_breaks_off_is_gone_on_with(web: Web, path: Path) -> None:
    web.faults["/a.deb"] = breaks_off(times=2, after=1000)
    get(web, path)
    assert path.read_bytes() == CONTENT
    assert [start for _, start in web.asked] == [0, 1000, 2000]


def test_a_download_that_never_gets_through_is_a_failure_that_a_later_run_goes_on_from(
    web: Web, path: Path
) -> None:
    web.faults["/a.deb"] = breaks_off(times=fetch.TRIES, after=1000)
    with pytest.raises(LabFailure, match=rf"broke off at {1000 * fetch.TRIES} of 1024000 bytes"):
        get(web, path)
    assert not path.exists()
    get(web, path)
    assert path.read_bytes() == CONTENT
    assert web.asked[-1][1] == 1000 * fetch.TRIES


def test_a_server_that_knows_no_ranges_begins_anew(web: Web, path: Path) -> None:
    path.with_name("a.deb.part").write_bytes(CONTENT[:500])
    web.faults["/a.deb"] = sends(CONTENT)
    get(web, path)
    assert path.read_bytes() == CONTENT


def test_what_lay_there_of_another_file_is_not_mixed_in(web: Web, path: Path) -> None:
    path.with_name("a.deb.part").write_bytes(b"other")
    get(web, path)
    assert path.read_bytes() == CONTENT


def test_more_of_another_file_than_was_to_come_is_thrown_away(web: Web, path: Path) -> None:
    path.with_name("a.deb.part").write_bytes(CONTENT + b"more")
    get(web, path)
    assert web.asked == [("/a.deb", 0)]


def test_another_content_is_refused_with_both_hashes(web: Web, path: Path) -> None:
    other = b"!" + CONTENT[1:]
    web.faults["/a.deb"] = sends(other)
    with pytest.raises(LabFailure) as caught:
        get(web, path)
    assert SHA256 in str(caught.value)
    assert hashlib.sha256(other).hexdigest() in str(caught.value)
    assert list(path.parent.glob("a.deb*")) == []


def test_an_answer_without_end_does_not_fill_the_disk(web: Web, path: Path) -> None:
    web.faults["/a.deb"] = sends(CONTENT * 20)
    with pytest.raises(LabFailure, match=r"can't be fetched.* larger than the archive says"):
        get(web, path)
    assert path.with_name("a.deb.part").stat().st_size == 0


def test_a_redirect_is_followed(web: Web, path: Path) -> None:
    (web.folder / "elsewhere").write_bytes(CONTENT)
    web.faults["/a.deb"] = redirect(f"{web.url}/elsewhere")
    get(web, path)
    assert path.read_bytes() == CONTENT


def test_a_redirect_off_the_web_is_not_followed(web: Web, path: Path) -> None:
    web.faults["/a.deb"] = redirect(f"file://{web.folder}/a.deb")
    with pytest.raises(LabFailure, match="302"):
        get(web, path)


def test_a_proxy_of_the_environment_is_asked(
    web: Web, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", web.url)
    monkeypatch.delenv("no_proxy", raising=False)
    fetch.file("http://mirror.example.invalid/a.deb", path, len(CONTENT), SHA256)
    assert web.asked == [("http://mirror.example.invalid/a.deb", 0)]


@pytest.mark.parametrize("code", [404, 410])
def test_what_is_not_there_is_told_apart(web: Web, path: Path, code: int) -> None:
    web.faults["/a.deb"] = status(code)
    with pytest.raises(fetch.NotThere):
        get(web, path)
    assert list(path.parent.glob("a.deb*")) == []


def test_a_server_in_trouble_is_tried_again(web: Web, path: Path) -> None:
    trouble = status(503)
    web.faults["/a.deb"] = lambda handler, content: len(web.asked) < 3 and trouble(handler, content)
    get(web, path)
    assert len(web.asked) == 3


def test_a_server_that_refuses_is_asked_once(web: Web, path: Path) -> None:
    web.faults["/a.deb"] = status(403)
    with pytest.raises(LabFailure, match=r"a\.deb can't be fetched: .*403"):
        get(web, path)
    assert len(web.asked) == 1


def test_a_host_that_does_not_answer_is_named(web: Web) -> None:
    url = web.url
    web.end()
    with pytest.raises(LabFailure, match=r"127\.0\.0\.1.* can't be fetched: .*refused"):
        fetch.small(f"{url}/a.deb", 10)


def test_what_is_no_address_is_said_to_be_none(path: Path) -> None:
    with pytest.raises(LabFailure, match="is not a valid address"):
        fetch.file("mirror/debian", path, 1, SHA256)


def test_a_small_file_that_is_large_is_refused(web: Web) -> None:
    with pytest.raises(LabFailure, match="is larger than"):
        fetch.small(f"{web.url}/a.deb", 1000)
    assert fetch.small(f"{web.url}/a.deb", len(CONTENT)) == CONTENT
