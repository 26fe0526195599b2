"""The lab's use of a mirror without apt."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab import lines
from pytest_kvmpmu.lab.archive import mirror, packages
from pytest_kvmpmu.lab.archive.plain import PlainSuite
from pytest_kvmpmu.lab.host import requirements
from pytest_kvmpmu.lab.store.cache import Cache
from pytest_kvmpmu.lab.store.stock import Stock

from ..debian import Archive
from ..web import Web
from .conftest import update

pytestmark = pytest.mark.usefixtures("plain")


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
    assert caught.value.remedy.endswith(f"lab lines that it has: {there.name}")


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
