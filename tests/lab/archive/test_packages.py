"""What the lab takes from a mirror without apt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import lines
from pytest_kvmpmu.lab.archive import choose, mirror, packages
from pytest_kvmpmu.lab.archive.plain import PlainSuite
from pytest_kvmpmu.lab.host import requirements
from pytest_kvmpmu.lab.store.cache import Cache
from pytest_kvmpmu.lab.store.stock import IMAGE, Stock

from ..debian import Archive
from ..web import Web
from .conftest import update

pytestmark = pytest.mark.usefixtures("plain")


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
    monkeypatch.delenv(choose.FETCH_VARIABLE)
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
