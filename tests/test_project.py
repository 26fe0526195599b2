"""What the project's own files say about Python and dependencies agrees."""

from __future__ import annotations

import re
import sys
from configparser import ConfigParser
from fnmatch import fnmatch
from typing import Any

from .pages import ROOT

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PYTHON = "Programming Language :: Python :: "


def pythons() -> list[str]:
    """The versions of Python that the classifiers promise."""
    found: list[str] = PROJECT["project"]["classifiers"]
    return [name.removeprefix(PYTHON) for name in found if name.startswith(PYTHON)]


def tox_envs() -> list[str]:
    """The environments that tox runs, with braces expanded."""
    tox = ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    several = r"(\w*)\{([^}]*)\}"
    listed = re.sub(
        several,
        lambda m: ",".join(m[1] + part for part in m[2].split(",")),
        tox["tox"]["env_list"],
    )
    return [name.strip() for name in listed.split(",")]


def test_the_oldest_python_is_the_one_that_is_required() -> None:
    assert PROJECT["project"]["requires-python"] == f">={pythons()[0]}"
    assert PROJECT["tool"]["mypy"]["python_version"] == pythons()[0]


def test_tox_runs_the_oldest_and_the_newest_python() -> None:
    oldest, newest = (f"py{version.replace('.', '')}" for version in (pythons()[0], pythons()[-1]))
    assert f"{oldest}-lowest" in tox_envs()
    assert newest in tox_envs()


def test_ci_finds_each_python_that_is_promised_and_no_other() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (pyenv,) = re.findall(r"/versions/(\S+)/bin", script)
    (debian,) = re.findall(r"'\^(\S+)-venv\$'", script)
    there = [f"3.{minor}" for minor in range(6, 20)]
    assert [version for version in there if fnmatch(f"{version}.1", pyenv)] == pythons()
    assert [v for v in there if re.fullmatch(debian, f"python{v}")] == pythons()


def test_the_lowest_versions_are_the_lower_bounds_of_the_dependencies() -> None:
    bounds = [one.replace(">=", "==", 1) for one in PROJECT["project"]["dependencies"]]
    assert PROJECT["dependency-groups"]["lowest"] == bounds
