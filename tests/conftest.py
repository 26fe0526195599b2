"""What all tests share: pytester, Hypothesis without chance, and the wheel of this checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import settings

from pytest_kvmpmu.resources import PACKAGE

pytest_plugins = ["pytester"]

settings.register_profile("same-every-time", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("same-every-time")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    """The wheel, open."""
    folder = tmp_path_factory.mktemp("dist")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=PACKAGE.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.Path(path)


@pytest.fixture(scope="session")
def unpacked(wheel: zipfile.Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel's contents: first in PYTHONPATH, it is as if it were installed."""
    folder = tmp_path_factory.mktemp("installed")
    wheel.root.extractall(folder)
    return folder


@pytest.fixture
def pytester(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """pytest's own, in whose runs tests keep their order unless one asks for pytest-randomly."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly")
    return pytester
