"""The host's mirror, through a fake apt; a suite that was removed."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import LabFailure, lines
from pytest_kvmpmu.lab.archive import mirror, packages
from pytest_kvmpmu.lab.archive.apt import AptSuite
from pytest_kvmpmu.lab.archive.choose import host_mirror
from pytest_kvmpmu.lab.archive.mirror import Mirror, SuiteMissing
from pytest_kvmpmu.lab.host import requirements
from pytest_kvmpmu.lab.store.cache import Cache
from pytest_kvmpmu.lab.store.stock import Stock

from ..conftest import Pretend

URL = "http://mirror.example.invalid/debian/"
INDEX_TARGETS = f"""cat <<'.'
http://security.example.invalid/debian-security/|stable-security|Debian|main
http://other.example.invalid/apt/|stable|Other|main
{URL}|stable-updates|Debian|main
{URL}|stable|Debian|main
."""
NO_RELEASE = (
    "echo \"E: The repository '{url} {suite} Release' does not have a Release file.\" >&2; exit 100"
)
SHOW = """cat <<'.'
Package: linux-image-arm64
Version: 6.12.9-1
Depends: linux-image-6.12.9-arm64 (= 6.12.9-1), other
Description: a kernel
 with more: lines
."""


@pytest.fixture(autouse=True)
def keyring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keyring.gpg"
    path.touch()
    monkeypatch.setattr(requirements, "KEYRINGS", (path,))
    monkeypatch.delenv(mirror.MIRROR_VARIABLE, raising=False)


@pytest.fixture
def suite(tmp_path: Path, pretend: Pretend) -> AptSuite:
    pretend("apt-get", "exit 0")
    pretend("apt-cache", "exit 0")
    return AptSuite(Mirror(URL, "/keyring.gpg"), "stable", tmp_path / "apt")


def test_the_mirror_is_the_one_of_the_hosts_debian_archive(pretend: Pretend) -> None:
    pretend("apt-get", INDEX_TARGETS)
    assert host_mirror().url == URL.rstrip("/")


def test_the_environment_outdoes_the_hosts_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(mirror.MIRROR_VARIABLE, "http://mine.example.invalid/")
    assert host_mirror().url == "http://mine.example.invalid"


def test_a_host_without_a_debian_archive_is_told_how_to_name_one(pretend: Pretend) -> None:
    pretend("apt-get", "echo 'http://other.example.invalid/|stable|Other|main'")
    with pytest.raises(UsageProblem, match=r"no Debian mirror.*LAB_MIRROR"):
        host_mirror()


def test_a_host_without_apt_is_told_of_both_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageProblem, match=r"has no apt.*LAB_MIRROR.*kvmpmu lab import"):
        host_mirror()


def test_a_host_without_the_archives_keys_is_told(
    pretend: Pretend, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend("apt-get", INDEX_TARGETS)
    monkeypatch.setattr(requirements, "KEYRINGS", ())
    with pytest.raises(UsageProblem, match="apt-get install debian-archive-keyring"):
        host_mirror()


def test_a_keyring_of_ones_own_outdoes_the_hosts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(mirror.MIRROR_VARIABLE, URL)
    monkeypatch.setenv(requirements.KEYRING_VARIABLE, str(tmp_path / "mine.asc"))
    with pytest.raises(UsageProblem, match=r"LAB_KEYRING names .*mine\.asc, which is not a file"):
        host_mirror()
    (tmp_path / "mine.asc").touch()
    assert host_mirror().keyring == str(tmp_path / "mine.asc")


def test_apt_is_told_to_leave_the_hosts_state_alone(
    suite: AptSuite, pretend: Pretend, tmp_path: Path
) -> None:
    pretend("apt-get", 'echo "$@" >&2; exit 1')
    with pytest.raises(LabFailure) as caught:
        suite.update(lambda _: None)
    for option in ("Dir::State", "Dir::State::Lists", "Dir::State::status", "Dir::Cache"):
        assert f"-o {option}={tmp_path}/apt" in str(caught.value)
    assert "AllowInsecureRepositories=false" in str(caught.value)


def test_the_source_names_suite_mirror_and_keyring(suite: AptSuite, tmp_path: Path) -> None:
    suite.update(lambda _: None)
    source = (tmp_path / "apt/archive.sources").read_text().splitlines()
    assert {f"URIs: {URL}", "Suites: stable", "Signed-By: /keyring.gpg"} <= set(source)


def test_stanzas_are_read_by_field(suite: AptSuite, pretend: Pretend) -> None:
    pretend("apt-cache", SHOW)
    (stanza,) = suite.show(["linux-image-arm64"])
    assert stanza["Version"] == "6.12.9-1"
    assert stanza["Description"] == "a kernel\nwith more: lines"


def test_a_meta_package_that_leads_nowhere_is_a_failure(suite: AptSuite, pretend: Pretend) -> None:
    pretend("apt-cache", "echo 'Package: linux-image-arm64'; echo 'Depends: other'")
    with pytest.raises(LabFailure, match="does not depend on any of"):
        packages.kernel(suite, lines.lines()[0])


def test_the_closure_is_read_from_what_apt_would_fetch(suite: AptSuite, pretend: Pretend) -> None:
    pretend("apt-get", f"echo \"'{URL}pool/z_1.2_arm64.deb' z_1%3a1.2_arm64.deb 12 SHA256:00\"")
    assert suite.closure(["z"]) == ["z"]


def test_a_suite_that_is_gone_is_told_apart(suite: AptSuite, pretend: Pretend) -> None:
    pretend("apt-get", NO_RELEASE.format(url=URL, suite="stable"))
    with pytest.raises(SuiteMissing):
        suite.update(lambda _: None)


def test_a_line_whose_suite_is_gone_lists_the_lines_still_there(
    cache: Cache, pretend: Pretend, said: list[str]
) -> None:
    gone = lines.lines()[0]
    pretend(
        "apt-get",
        f'case "$*" in indextargets*) {INDEX_TARGETS}\n;; *apt/{gone.suite}*) '
        f"{NO_RELEASE.format(url=URL, suite=gone.suite)};; esac",
    )
    pretend("apt-cache", "exit 0")
    with pytest.raises(UsageProblem) as caught:
        Stock(cache, said.append).kernel(gone)
    assert f"does not have the suite {gone.suite}" in caught.value.cause
    there = ", ".join(line.name for line in lines.lines()[1:])
    assert caught.value.remedy.endswith(f"lab lines that it has: {there}")


@pytest.mark.skipif(shutil.which("apt-cache") is None, reason="needs apt")
def test_a_real_apt_says_that_a_suite_is_gone(tmp_path: Path) -> None:
    (tmp_path / "mirror").mkdir()
    nowhere = Mirror(f"file:{tmp_path}/mirror", str(tmp_path / "keyring.gpg"))
    with pytest.raises(SuiteMissing):
        AptSuite(nowhere, "stable", tmp_path / "apt").update(lambda _: None)


def test_a_download_that_fails_leaves_no_half_package(
    suite: AptSuite, pretend: Pretend, tmp_path: Path
) -> None:
    pretend("apt-get", "echo half > z_1.deb; echo 'E: No space left on device' >&2; exit 100")
    deb = mirror.Deb("z", "1", "z_1.deb", 1000, "00")
    with pytest.raises(LabFailure, match="No space left on device"):
        suite.download([deb], tmp_path / "debs", lambda _: None)
    assert list((tmp_path / "debs").iterdir()) == []


def test_a_package_that_is_there_whole_is_not_fetched_again(
    suite: AptSuite, pretend: Pretend, tmp_path: Path
) -> None:
    pretend("apt-get", "exit 100")
    (tmp_path / "z_1.deb").write_bytes(b"package")
    digest = hashlib.sha256(b"package").hexdigest()
    suite.download([mirror.Deb("z", "1", "z_1.deb", 7, digest)], tmp_path, lambda _: None)
