"""What the lab keeps: kernels from a mirror, and one's own."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import lines
from pytest_kvmpmu.lab.archive import choose, mirror
from pytest_kvmpmu.lab.host import requirements
from pytest_kvmpmu.lab.lines import load
from pytest_kvmpmu.lab.prepare import sound
from pytest_kvmpmu.lab.store.cache import Cache, Entry
from pytest_kvmpmu.lab.store.stock import IMAGE, Stock

from ..debian import Archive
from ..kernel.test_image import PLAIN, RELEASE
from ..web import Web


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "Image.gz"
    path.write_bytes(gzip.compress(PLAIN))
    return path


def test_an_own_kernel_is_kept_unpacked_with_its_release(cache: Cache, own: Path) -> None:
    entry = Stock(cache, print).kernel(load(str(own)))
    assert entry.file(IMAGE).read_bytes() == PLAIN
    assert entry.about == {"release": RELEASE}


def test_a_kept_kernel_that_was_damaged_is_made_anew(
    cache: Cache, own: Path, said: list[str]
) -> None:
    def fetch() -> Entry:
        return Stock(cache, said.append).kernel(load(str(own)))

    kept = fetch().file(IMAGE)
    assert sound(cache, fetch, said.append).file(IMAGE) == kept
    assert said == []
    kept.write_bytes(PLAIN[:-1] + b"x")  # its size is unchanged
    assert sound(cache, fetch, said.append).file(IMAGE).read_bytes() == PLAIN
    assert said == [f"{kept.parent} is damaged, fetching it again"]


def test_a_refused_kernel_leaves_nothing_in_the_cache(cache: Cache, own: Path) -> None:
    own.write_bytes(b"MZ" + bytes(1000))
    with pytest.raises(UsageProblem, match=f"^{own} is an EFI program"):
        Stock(cache, print).kernel(load(str(own)))
    assert list((cache.root / "kernels").iterdir()) == []


@pytest.mark.usefixtures("plain")
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
