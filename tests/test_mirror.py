"""The tests have the folders of the package, and a module's tests have its name.

The module ``pytest_kvmpmu/lab/vm/cpu.py`` is tested by ``tests/lab/vm/test_cpu.py``; further files
of its tests are called ``test_cpu_WHAT.py``.  A folder's ``__init__.py`` is tested under the
folder's name: ``tests/kvm/test_kvm.py``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pytest_kvmpmu.support.resources import PACKAGE

TESTS = Path(__file__).parent
# A module with more lines of code has a test file.  Three in four have; what is smaller is mostly
# a value, a protocol or one step of something larger, whose tests cover it.
MOST = 40
# Folders whose tests are of no one module, wherever they lie.
APART = frozenset({"ci", "tools", "whole"})
# Files at the top that look at the whole tree.
TREE = frozenset({"test_arrows.py", "test_mirror.py", "test_plain_english.py"})


def lines_of_code(text: str) -> int:
    """The lines of a module but for blank ones, comments and docstrings."""
    tree = ast.parse(text)
    prose: set[int] = set()
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            first = body[0].value
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                prose |= set(range(first.lineno, (first.end_lineno or 0) + 1))
    return sum(
        number not in prose and bool(line.strip()) and not line.lstrip().startswith("#")
        for number, line in enumerate(text.splitlines(), 1)
    )


def modules(package: Path) -> Iterator[tuple[Path, str, Path]]:
    """Each module: its folder within the package, the name that its tests have, its file."""
    for path in sorted(package.rglob("*.py")):
        folder = path.relative_to(package).parent
        yield folder, (path.parent.name if path.stem == "__init__" else path.stem), path


def mirrored(root: Path) -> Iterator[tuple[Path, str]]:
    """Each test file of a mirrored folder: the folder within ``root``, and what it tests."""
    for path in sorted(root.rglob("test_*.py")):
        inner = path.relative_to(root)
        if APART.isdisjoint(inner.parts) and str(inner) not in TREE:
            yield inner.parent, path.stem.removeprefix("test_")


def is_of(test: str, module: str) -> bool:
    return test == module or test.startswith(f"{module}_")


def untested(package: Path, root: Path) -> list[str]:
    """The modules that are large enough for a test file, and have none."""
    there = list(mirrored(root))
    return [
        f"{path.relative_to(package.parent)} has {lines} lines of code and no"
        f" {(root.name / folder).as_posix()}/test_{name}.py"
        for folder, name, path in modules(package)
        if (lines := lines_of_code(path.read_text(encoding="utf-8"))) > MOST
        and not any(place == folder and is_of(test, name) for place, test in there)
    ]


def astray(package: Path, root: Path) -> list[str]:
    """The test files whose names are of no module at their place."""
    known = [(folder, name) for folder, name, _ in modules(package)]
    return [
        f"{(root.name / place).as_posix()}/test_{test}.py: no module of"
        f" {(package.name / place).as_posix()} has such a name"
        for place, test in mirrored(root)
        if not any(folder == place and is_of(test, name) for folder, name in known)
    ]


def test_each_module_has_a_test_file_or_is_small() -> None:
    assert untested(PACKAGE, TESTS) == []


def test_each_test_file_has_the_name_of_a_module_at_its_place() -> None:
    assert astray(PACKAGE, TESTS) == []


def test_the_exceptions_are_there() -> None:
    assert all((TESTS / name).is_dir() for name in APART)
    assert all((TESTS / name).is_file() for name in TREE)


# The same on a small package and its tests, made up so that there is something to find.

CODE = "\n".join(f"x{number} = 1" for number in range(MOST + 1))


@pytest.fixture
def place(tmp_path: Path) -> Callable[[str, str], Path]:
    """Puts a file, and makes the folders for it."""

    def put(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return put


def test_a_large_module_without_tests_is_named_with_their_place(
    place: Callable[[str, str], Path], tmp_path: Path
) -> None:
    place("p/a/b.py", CODE)
    place("p/a/__init__.py", CODE)
    place("p/a/c.py", CODE.partition("\n")[2])
    place("t/a/test_other.py", "")
    assert untested(tmp_path / "p", tmp_path / "t") == [
        "p/a/__init__.py has 41 lines of code and no t/a/test_a.py",
        "p/a/b.py has 41 lines of code and no t/a/test_b.py",
    ]
    place("t/a/test_a.py", "")
    place("t/a/test_b_in_part.py", "")
    assert untested(tmp_path / "p", tmp_path / "t") == []


def test_tests_in_another_folder_are_not_a_modules(
    place: Callable[[str, str], Path], tmp_path: Path
) -> None:
    place("p/a/b.py", CODE)
    place("t/test_b.py", "")
    place("t/whole/test_b.py", "")
    assert len(untested(tmp_path / "p", tmp_path / "t")) == 1
    assert astray(tmp_path / "p", tmp_path / "t") == ["t/test_b.py: no module of p has such a name"]


def test_a_test_file_of_no_module_is_named(
    place: Callable[[str, str], Path], tmp_path: Path
) -> None:
    place("p/a/b.py", "")
    for name in ("a/test_b.py", "a/test_b_more.py", "a/test_bc.py", "tools/test_x.py"):
        place(f"t/{name}", "")
    place("t/test_arrows.py", "")
    assert astray(tmp_path / "p", tmp_path / "t") == [
        "t/a/test_bc.py: no module of p/a has such a name"
    ]


def test_code_is_neither_prose_nor_blank() -> None:
    text = '"""Words,\n\nand more."""\n\n# A comment.\nclass A:\n    """Words."""\n\n    x = """a\n'
    text += '    b"""\n\n\ndef f():\n    return (\n        1\n    )\n'
    assert lines_of_code(text) == 7
