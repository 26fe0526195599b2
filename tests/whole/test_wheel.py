"""The wheel: all that a user needs is in it."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from pytest_kvmpmu import __version__
from pytest_kvmpmu.support.resources import PACKAGE, conformance_dir, fixtures_dir

ROOT = PACKAGE.parent


def names(wheel: zipfile.Path) -> set[str]:
    return set(wheel.root.namelist())


def shipped(folder: Path, inside: str) -> set[str]:
    """The names in the wheel of a folder's files."""
    return {
        f"pytest_kvmpmu/{inside}/{path.relative_to(folder).as_posix()}"
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_specs_and_fixtures_are_inside_the_package(wheel: zipfile.Path) -> None:
    specs = shipped(conformance_dir(), "conformance")
    traces = "pytest_kvmpmu/fixtures/traces/"
    fixtures = {name for name in shipped(fixtures_dir(), "fixtures") if not name.startswith(traces)}
    assert "pytest_kvmpmu/conformance/test_cover_letter.py" in specs
    assert "pytest_kvmpmu/fixtures/topologies/rockpro64.toml" in fixtures
    assert specs | fixtures <= names(wheel)
    assert not [name for name in names(wheel) if name.startswith(traces)]


def test_types_clauses_and_every_module_are_inside(wheel: zipfile.Path) -> None:
    wanted = {
        path.relative_to(ROOT).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    assert {"pytest_kvmpmu/py.typed", "pytest_kvmpmu/spec/clauses.toml"} <= wanted
    assert wanted <= names(wheel)


def test_nothing_else_is_inside(wheel: zipfile.Path) -> None:
    tops = {name.partition("/")[0] for name in names(wheel)}
    assert tops == {"pytest_kvmpmu", f"pytest_kvmpmu-{__version__}.dist-info"}
    assert not [name for name in names(wheel) if "__pycache__" in name or "/tests/" in name]


def test_the_entry_points_are_the_plugin_and_the_program(wheel: zipfile.Path) -> None:
    info = wheel / f"pytest_kvmpmu-{__version__}.dist-info"
    assert (info / "entry_points.txt").read_text(encoding="utf-8").split() == [
        "[console_scripts]",
        "kvmpmu", "=", "pytest_kvmpmu.commands:main",
        "[pytest11]",
        "kvmpmu", "=", "pytest_kvmpmu.plugin",
    ]  # fmt: skip
    metadata = (info / "METADATA").read_text(encoding="utf-8")
    assert "Classifier: Framework :: Pytest\n" in metadata
    assert "Classifier: Typing :: Typed\n" in metadata
    assert "Requires-Python: >=3.10\n" in metadata


def test_the_specs_run_from_the_unpacked_wheel(unpacked: Path) -> None:
    env = {key: value for key, value in os.environ.items() if not key.startswith("COVERAGE_")}
    ran = subprocess.run(
        [
            sys.executable,
            *("-m", "pytest", "-p", "no:cacheprovider", "--pyargs"),
            "pytest_kvmpmu.conformance.test_cover_letter",
        ],
        cwd=unpacked,
        env={**env, "PYTHONPATH": str(unpacked)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "kvmpmu: backend model, " in ran.stdout
    assert "violated: 0" in ran.stdout
