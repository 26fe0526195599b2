"""What all tests share: pytester, Hypothesis without chance, and the wheel of this checkout."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import settings

from pytest_kvmpmu.support.resources import PACKAGE

pytest_plugins = ["pytester"]

TESTS = Path(__file__).parent
# Files, and folders of them, that tell the same on every Python: what the model does, what is
# found by long searches in it, what pages and files of the project say.  The specs run on the
# model on every Python all the same.
ONCE = frozenset(
    TESTS / name
    for name in (
        "ci",
        "differential",
        "model",
        "report/pages/test_html_browser.py",
        "spec",
        "test_arrows.py",
        "test_mirror.py",
        "test_plain_english.py",
        "tools",
        "whole/test_contributing.py",
        "whole/test_docs.py",
        "whole/test_pages.py",
        "whole/test_site.py",
    )
)
# Files, and single tests, whose child processes run lines that nothing else runs.  In those of
# other tests coverage would measure the same once more, and take half as long again as the tests.
MEASURED = frozenset(
    (
        "differential/test_machine.py",
        "plugin/results/test_reporter.py",
        "plugin/test_backend.py",
        "plugin/test_config_ini.py::test_a_list_for_a_string_in_ini_options_is_one_error",
        "plugin/test_gc_freeze.py",
        "plugin/test_marks.py::test_a_wrong_marker_is_told_with_xdist_too",
        "plugin/test_recorder.py",
        "whole/test_xdist.py",
    )
)
# A file that was renamed would be forgotten.
assert all(path.exists() for path in ONCE)
assert all((TESTS / name.partition("::")[0]).exists() for name in MEASURED)

settings.register_profile("same-every-time", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("same-every-time")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark what `ONCE` has, before ``-m`` chooses."""
    if not ONCE.isdisjoint((item.path, *item.path.parents)):
        item.add_marker(pytest.mark.once)


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
def pytester(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> pytest.Pytester:
    """pytest's own, in whose runs tests keep their order unless one asks for pytest-randomly.

    Nor is Hypothesis's plugin there without asking: at its end a run imports all of Hypothesis for
    it, in each worker too, which takes longer than most of the runs themselves.
    """
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly -p no:hypothesispytest")
    name = request.path.relative_to(TESTS).as_posix()
    if MEASURED.isdisjoint((name, f"{name}::{request.node.originalname}")):
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    return pytester
