"""The modules that run beside /dev/kvm use only Python 3.8 and its standard library."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pytest_kvmpmu.link.link import Link
from pytest_kvmpmu.support.resources import PACKAGE

from ..imports import imports_of

ROOMS = ("wire", "uapi", "agent")
FILES = [
    PACKAGE / "__init__.py",
    *(f for room in ROOMS for f in sorted((PACKAGE / room).rglob("*.py"))),
]
# Modules of the standard library that 3.8 does not have.
NEWER = {"graphlib", "tomllib", "zoneinfo"}
each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8))


def interpreters() -> list[str]:
    """This one, and a python3.8 if there is one that starts."""
    found = shutil.which("python3.8")
    if found is not None:
        tried = subprocess.run([found, "-c", "pass"], check=False, capture_output=True)
        if tried.returncode == 0:
            return [sys.executable, found]
    return [sys.executable]


def test_the_rooms_are_where_this_test_looks() -> None:
    assert {path.parent.name for path in FILES} == {PACKAGE.name, *ROOMS}


@each_file
def test_a_file_has_the_syntax_of_python_3_8(path: Path) -> None:
    with pytest.raises(SyntaxError):
        ast.parse("match 1:\n case 1: pass\n", feature_version=(3, 8))
    assert isinstance(tree(path), ast.Module)


@each_file
def test_a_files_annotations_are_never_evaluated(path: Path) -> None:
    content = tree(path)
    if any(isinstance(node, (ast.FunctionDef, ast.AnnAssign)) for node in ast.walk(content)):
        assert any(
            isinstance(node, ast.ImportFrom) and node.module == "__future__"
            for node in content.body
        )


@each_file
def test_a_file_imports_the_standard_library_and_its_own_rooms_alone(path: Path) -> None:
    ours = {f"{PACKAGE.name}.{room}" for room in ROOMS}
    for name in (found.imported for found in imports_of(path, PACKAGE)):
        if name.split(".")[0] == PACKAGE.name:
            assert ".".join(name.split(".")[:2]) in ours, name
        else:
            assert name.split(".")[0] in sys.stdlib_module_names - NEWER, name


@pytest.mark.parametrize("python", interpreters(), ids=lambda path: Path(path).name)
def test_the_agent_answers_without_site_packages(python: str) -> None:
    process = subprocess.Popen(
        [python, "-S", "-E", "-m", "pytest_kvmpmu.agent"],
        cwd=PACKAGE.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        link = Link.on(process.stdout.fileno(), process.stdin.fileno(), process.kill)
        link.greet(20)
        assert link.request({"op": "ping"}, 20) == {"ok": {}}
        assert link.request({"op": "describe"}, 20)["ok"]["system"] == "Linux"
        process.stdin.close()
        assert process.wait(20) == 0
