"""Imports in the package go down: no circles, floors in their order, and pytest in one folder.

Not for: what also runs where /dev/kvm is, which imports even less (whole/test_python38.py).
"""

from __future__ import annotations

import graphlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from pytest_kvmpmu.support.resources import PACKAGE

from .imports import Import, imports_in, within

# The rooms of the package, its files and folders, lowest first.  A room imports from lower floors
# and from itself; another room of its floor is as far as one above it.
FLOORS = (
    ("__init__", "errors", "uapi"),
    ("support", "wire"),
    ("agent", "data", "link"),
    ("lab", "model", "settings"),
    ("recording", "spec", "targets"),
    ("backends", "report"),
    ("differential", "hooks", "kvm", "testing", "waivers"),
    ("extensions",),
    ("choose",),
    ("commands", "plugin"),
)
# The only room whose files import pytest.
PYTEST = "plugin"


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else "__init__"


def circle(found: Sequence[Import], of: Callable[[str], str]) -> str:
    """One circle among what the modules belong to, by ``of``, with an import of it; or nothing.

    Modules for which ``of`` has an empty name stay out of it.
    """
    arrows = {
        (of(one.module), of(one.imported)): one
        for one in reversed(found)
        if of(one.module) and of(one.imported) and of(one.module) != of(one.imported)
    }
    graph: dict[str, set[str]] = {}
    for importer, imported in arrows:
        graph.setdefault(importer, set()).add(imported)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        names = list(reversed(error.args[1]))  # it tells each before the one that imports it
        one = arrows[names[0], names[1]]
        return f"{' -> '.join(names)}: {one.place} imports {one.imported}"
    return ""


def circle_of_folders(found: Sequence[Import], parent: str) -> str:
    """As `circle`, among the folders that lie in the folder ``parent``, a dotted name."""
    folders = {one.module.rpartition(".")[0] for one in found}
    folders |= {one.imported.rpartition(".")[0] for one in found}

    def of(module: str) -> str:
        inner = module.removeprefix(f"{parent}.")
        name = f"{parent}.{inner.partition('.')[0]}"
        return name if inner != module and name in folders else ""

    return circle(found, of)


def upward(found: Sequence[Import], floors: Sequence[Sequence[str]]) -> list[str]:
    """The imports that do not go down."""
    level = {room: n for n, rooms in enumerate(floors) for room in rooms}
    wrong = []
    for one in found:
        importer, imported = room_of(one.module), room_of(one.imported)
        if importer != imported and level[imported] >= level[importer]:
            how = "beside it" if level[imported] == level[importer] else "above"
            wrong.append(f"{one.place} imports {one.imported}, which is {how}")
    return wrong


def of_pytest(found: Sequence[Import]) -> list[str]:
    """The imports of pytest that are not where they may be."""
    return [
        f"{one.place} imports {one.imported}, which is for {PYTEST}/ alone"
        for one in found
        if one.imported.partition(".")[0] in ("pytest", "_pytest") and room_of(one.module) != PYTEST
    ]


def parents(package: Path) -> list[str]:
    """The package and its folders that have folders, as dotted names."""
    folders = {path.parent for path in package.rglob("__init__.py")}
    return sorted(
        ".".join(folder.relative_to(package.parent).parts)
        for folder in folders
        if any(other.parent == folder for other in folders)
    )


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert not circle(within(PACKAGE), str)


def test_no_folders_import_each_other_in_a_circle() -> None:
    found = within(PACKAGE)
    wanted = [f"{PACKAGE.name}{name}" for name in ("", ".lab", ".plugin", ".report")]
    assert set(wanted) <= set(parents(PACKAGE))
    circles = [circle_of_folders(found, parent) for parent in parents(PACKAGE)]
    assert not [one for one in circles if one]


def test_each_room_is_on_one_floor() -> None:
    rooms = sorted(room for floor in FLOORS for room in floor)
    here = {path.stem for path in PACKAGE.glob("*.py")}
    here |= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms == sorted(here)


def test_every_import_goes_down() -> None:
    assert upward(within(PACKAGE), FLOORS) == []


def test_only_the_plugin_imports_pytest() -> None:
    assert of_pytest(imports_in(PACKAGE)) == []


# The same on small packages, made up so that each has something to find.


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., Path]:
    """``made({"a/b.py": text})``: a package ``p`` with these files."""

    def make(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / "p" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for folder in (path for path in tmp_path.rglob("*") if path.is_dir()):
            (folder / "__init__.py").touch()
        return tmp_path / "p"

    return make


FIRST = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .b import B\n"


def test_a_circle_of_modules_is_named_with_an_import(made: Callable[..., Path]) -> None:
    late = "def f() -> None:\n    import p.c\n"
    package = made({"a.py": FIRST, "b.py": late, "c.py": "from . import a, d\n", "d.py": ""})
    said = circle(within(package), str)
    names, _, where = said.partition(": ")
    circles = ["p.a -> p.b -> p.c -> p.a", "p.b -> p.c -> p.a -> p.b", "p.c -> p.a -> p.b -> p.c"]
    assert names in circles
    lines = {"p.a": "p/a.py:3 imports p.b", "p.b": "p/b.py:2 imports p.c"}
    assert where == lines.get(names[:3], "p/c.py:1 imports p.a")
    (package / "c.py").write_text("from . import d\n")
    assert circle(within(package), str) == ""


def test_a_circle_of_folders_is_named_though_no_modules_are_in_one(
    made: Callable[..., Path],
) -> None:
    files = {"in/a/x.py": "from ..b import y\n", "in/a/z.py": "", "in/b/y.py": ""}
    files |= {"in/b/w.py": "from ..a.z import name\n", "in/loose.py": "from .a import x\n"}
    found = within(made(files))
    assert circle(found, str) == ""
    assert circle_of_folders(found, "p") == ""
    names, _, where = circle_of_folders(found, "p.in").partition(": ")
    assert names in ("p.in.a -> p.in.b -> p.in.a", "p.in.b -> p.in.a -> p.in.b")
    assert where in ("p/in/a/x.py:1 imports p.in.b.y", "p/in/b/w.py:1 imports p.in.a.z")


def test_folders_that_have_folders_are_found(made: Callable[..., Path]) -> None:
    assert parents(made({"a/b/c.py": "", "d/e.py": ""})) == ["p", "p.a"]


def test_an_arrow_up_or_to_the_side_is_named(made: Callable[..., Path]) -> None:
    package = made(
        {
            "low.py": "def f():\n    from .high.x import name\n",
            "beside.py": "from p import low\n",
            "high/x.py": "from ..low import f\nfrom . import y\n",
            "high/y.py": "from .. import __version__\n",
        }
    )
    assert upward(within(package), (("__init__",), ("low", "beside"), ("high",))) == [
        "p/beside.py:1 imports p.low, which is beside it",
        "p/low.py:2 imports p.high.x, which is above",
    ]


def test_an_import_of_pytest_outside_of_the_plugin_is_named(made: Callable[..., Path]) -> None:
    package = made(
        {
            "a.py": "def f() -> None:\n    import pytest as p\n",
            "b/c.py": "from _pytest.runner import x\nfrom . import pytest\nimport pytester\n",
            "plugin/d.py": "import pytest\n",
        }
    )
    assert of_pytest(imports_in(package)) == [
        "p/a.py:2 imports pytest, which is for plugin/ alone",
        "p/b/c.py:1 imports _pytest.runner.x, which is for plugin/ alone",
    ]
