r"""The recipes in docs/recipes.md work, each in a copy of the repository.

A recipe is a section of the page, from its heading to the next one.  These are its steps, each a
line of prose before a fenced block; other prose is for readers.

    Create `FILE`:         FILE does not exist; the block is its text
    Append to `FILE`:      the block goes to the end of FILE
    In `FILE`, below:      the block is in FILE once
    insert:                (after `In`) the block goes below the one before it
    Run:                   the block is a console, as on all other pages (`pages`)

A block that begins in the first column is set off by a blank line, in Python by two.  Each command
of the console shows something else, or fails, without the recipe.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from dataclasses import dataclass
from pathlib import Path

import pytest

from pytest_kvmpmu.lab.store.cache import CACHE_VARIABLE

from ..pages import CONTRIBUTING, RECIPES, ROOT, check, commands, environment, shows, typed
from .test_project import PROJECT

_BLOCK = r"\n\n```\w+\n(?P<{}>.*?)^```$"
_STEP = re.compile(
    rf"^(?:(?P<kind>Create|Append to|In) `(?P<file>[^`]+)`(?:, below)?|(?P<run>Run)):"
    rf"{_BLOCK.format('text')}(?:\n\ninsert:{_BLOCK.format('new')})?",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Step:
    """One change of one file; ``text`` goes below the lines ``below``, or else to the end."""

    kind: str
    file: str
    text: str
    below: str = ""

    def apply(self, root: Path) -> None:
        path = root / self.file
        if self.kind == "Create":
            assert not path.exists(), f"{self.file} exists"
            path.write_text(self.text, encoding="utf-8")
            return
        old = path.read_text(encoding="utf-8")
        ends = [len(old)]
        if self.below:
            ends = [found.end() for found in re.finditer(f"^{re.escape(self.below)}", old, re.M)]
        assert len(ends) == 1, f"{self.file} has it {len(ends)} times, not once:\n{self.below}"
        blank = "" if self.text[0].isspace() else "\n\n" if path.suffix == ".py" else "\n"
        new = old[: ends[0]] + blank + self.text + old[ends[0] :]
        path.write_text(new, encoding="utf-8")


@dataclass(frozen=True)
class Recipe:
    """A section of the page."""

    title: str
    steps: tuple[Step, ...]
    console: str

    @property
    def files(self) -> set[str]:
        return {step.file for step in self.steps}

    def apply(self, root: Path) -> None:
        for step in self.steps:
            step.apply(root)


def recipes(page: str) -> Iterator[Recipe]:
    for section in re.split(r"^## ", page, flags=re.MULTILINE)[1:]:
        steps, consoles, blocks = [], [], 0
        for found in _STEP.finditer(section):
            kind, text, new = found["kind"], found["text"], found["new"]
            assert (new is not None) == (kind == "In"), found[0]
            blocks += 2 if new else 1
            if found["run"]:
                consoles.append(text)
            else:
                steps.append(Step(kind, found["file"], new or text, text if new else ""))
        assert section.count("\n```") == 2 * blocks, f"a block without its step in: {section}"
        (console,) = consoles
        yield Recipe(section.partition("\n")[0], tuple(steps), console)


ALL = {recipe.title: recipe for recipe in recipes(RECIPES.read_text(encoding="utf-8"))}
TARGET = ALL["Add a target"]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The repository's files, committed or about to be, without its history."""
    root = tmp_path / "copy"
    # A checkout may be another user's, in a container.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert listed.returncode == 0, f"needs git, and a checkout: {listed.stderr}"
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():  # it may be deleted already
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, root / name)
    return root


@pytest.fixture
def env(copy: Path, tmp_path: Path) -> dict[str, str]:
    """The environment of someone who works in the copy, and has no kernels of the lab yet."""
    env = environment(copy)
    env["PYTEST_ADDOPTS"] += " -p no:cacheprovider -p no:hypothesispytest"
    return {**env, CACHE_VARIABLE: str(tmp_path / "cache")}


def files(root: Path) -> Mapping[str, bytes]:
    """The contents of all files, without what Python compiled."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def touched(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@pytest.mark.parametrize("title", ALL)
def test_a_recipe_works_and_touches_the_files_that_the_page_lists(
    title: str, copy: Path, env: dict[str, str]
) -> None:
    recipe = ALL[title]
    untouched = files(copy)
    shown = [lines for _, lines in commands(recipe.console)]
    for lines, (command, printed, status) in zip(
        shown, typed(recipe.console, copy, env), strict=True
    ):
        assert status or not shows(lines, printed), f"works without the recipe: {command}"
    recipe.apply(copy)
    check(recipe.console, copy, env)
    changed = touched(untouched, files(copy))
    print(*sorted(changed), sep="\n")
    assert changed == recipe.files == listed_files(title)


def listed_files(title: str) -> set[str]:
    """The files in the row of that recipe in CONTRIBUTING.md."""
    anchor = title.lower().replace(" ", "-")
    page = CONTRIBUTING.read_text(encoding="utf-8")
    (row,) = re.findall(
        rf"^\| \[{title}\]\({RECIPES.name}#{anchor}\) \| (.*) \|$", page, re.MULTILINE
    )
    return set(re.findall(r"`([^`]+)`", row))


def test_a_new_target_keeps_the_structure(copy: Path, env: dict[str, str]) -> None:
    TARGET.apply(copy)
    check("$ pytest -q tests/test_mirror.py tests/test_arrows.py\n", copy, env)


def test_each_kind_of_addition_has_its_recipe() -> None:
    wanted = {"a clause with its spec", "a board", "a kernel line", "a revision", "a target"}
    assert set(ALL) == {f"Add {what}" for what in wanted}


def test_the_groups_and_environments_of_the_set_up_exist() -> None:
    page = CONTRIBUTING.read_text(encoding="utf-8")
    assert set(re.findall(r"--group (\w+)", page)) <= set(PROJECT["dependency-groups"])
    tox = ConfigParser(interpolation=None)
    tox.read(ROOT / "tox.ini", encoding="utf-8")
    assert {f"testenv:{name}" for name in re.findall(r"tox -e (\w+)", page)} <= set(tox)
    (one,) = re.findall(r"^pytest (\S+\.py)$", page, re.MULTILINE)
    assert (ROOT / one).is_file()


# The grammar, on a page and a tree made up for it.

PAGE = """\
# Title

## One

Create `a/new.toml`:

```toml
x = 1
```

In `old.py`, below:

```python
    one,
```

insert:

```python
    two,
```

Words. Append to `old.py`:

```python
last = 0
```

Run:

```console
$ true
```
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    path = tmp_path / "old.py"
    path.write_text("x = (\n    one,\n)\n")
    return path


def test_a_recipe_is_the_steps_of_its_section(old: Path, tmp_path: Path) -> None:
    (recipe,) = recipes(PAGE.replace("Words. ", "Words.\n\n"))
    assert (recipe.title, recipe.files) == ("One", {"a/new.toml", "old.py"})
    assert recipe.console == "$ true\n"
    recipe.apply(tmp_path)
    assert old.read_text() == "x = (\n    one,\n    two,\n)\n\n\nlast = 0\n"
    assert (tmp_path / "a" / "new.toml").read_text() == "x = 1\n"
    with pytest.raises(AssertionError, match=r"a/new\.toml exists"):
        recipe.apply(tmp_path)


def test_a_block_that_no_step_names_is_found() -> None:
    with pytest.raises(AssertionError, match="a block without its step"):
        list(recipes(PAGE))


@pytest.mark.parametrize("times", [0, 2])
def test_the_place_of_an_insertion_is_in_the_file_once(
    old: Path, tmp_path: Path, times: int
) -> None:
    old.write_text("    one,\n" * times)
    with pytest.raises(AssertionError, match=rf"old\.py has it {times} times"):
        Step("In", "old.py", "    two,\n", "    one,\n").apply(tmp_path)
