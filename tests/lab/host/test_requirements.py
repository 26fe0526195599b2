"""What the lab needs of its host, and the remedy where it is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_kvmpmu.lab.host import requirements


def test_the_missing_packages_are_listed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(requirements, "KEYRINGS", ())
    assert requirements.missing() == [
        "apt",
        "debian-archive-keyring",
        "qemu-system-arm",
        "util-linux",
    ]
