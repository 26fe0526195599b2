"""The project's own files: Pythons and dependencies agree, and the tools can read their files."""

from __future__ import annotations

import re
import subprocess
import sys
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

from ..pages import DOCS, ROOT

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


def test_tox_leaves_the_kernel_lines_to_their_list() -> None:
    tox = ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    commands = tox["testenv:lab"]["commands"]
    assert "python -m tests.tools.lines {posargs}" in commands
    assert "lab:" not in commands


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


KINDS = [kind["directory"] for kind in PROJECT["tool"]["towncrier"]["type"]]


def is_fragment(name: str) -> bool:
    """Whether towncrier takes a file of this name, as the folder's README has it."""
    return re.fullmatch(rf"[a-z0-9]+(-[a-z0-9]+)*\.({'|'.join(KINDS)})\.md", name) is not None


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("ini-numbers.added.md", True),
        ("19.fixed.md", True),
        ("ini-numbers.md", False),
        ("ini-numbers.feature.md", False),
        ("Ini numbers.added.md", False),
        ("ini.numbers.added.md", False),
        ("ini-numbers.added.rst", False),
    ],
)
def test_a_fragments_name_has_its_kind(name: str, good: bool) -> None:
    assert is_fragment(name) == good


def test_each_fragment_has_a_name_and_a_text() -> None:
    folder = DOCS / "changelog.d"
    assert folder == ROOT / PROJECT["tool"]["towncrier"]["directory"]
    fragments = {path.name: path for path in folder.iterdir()}
    for other in ("README.md", "template.md.j2"):
        del fragments[other]
    assert [name for name in fragments if not is_fragment(name)] == []
    for path in fragments.values():
        text = path.read_text(encoding="utf-8")
        assert text[0].isupper() or text[0] == "`", path.name
        assert text.endswith(".\n"), path.name
        assert "\n\n" not in text, path.name


def test_the_readme_of_the_fragments_has_each_kind() -> None:
    text = (DOCS / "changelog.d" / "README.md").read_text(encoding="utf-8")
    assert [name for name in re.findall(r"`(\w+)`", text) if name in KINDS] == KINDS


def test_the_changelog_has_the_place_for_the_next_release() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.count(PROJECT["tool"]["towncrier"]["start_string"]) == 1


@pytest.mark.once
def test_pre_commit_can_read_its_file(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pre_commit", "validate-config"]
    done = subprocess.run(
        [*command, ROOT / ".pre-commit-config.yaml"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.once
def test_pre_commit_runs_what_the_lint_environment_runs() -> None:
    from ruamel.yaml import YAML

    found = YAML(typ="safe").load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    hooks = [hook["entry"] for repo in found["repos"] for hook in repo["hooks"]]
    tox = ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    linted = tox["testenv:lint"]["commands"].split("\n")
    # A hook gets the names of changed files, and formats where the environment only checks.
    plain = [line.replace(" --check", "").removesuffix(" .") for line in linted if line]
    assert [entry.removesuffix(" --force-exclude") for entry in hooks] == plain
