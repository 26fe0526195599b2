"""The pages of the documentation: their fenced blocks, and walks through those that are walks.

A page is a walk where a block has a second word, the file that it is: its blocks are then
gone through in order, in one folder; files are written, consoles are typed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(p for p in DOCS.rglob("*.md") if "_build" not in p.parts)]
CONTRIBUTING = DOCS / "CONTRIBUTING.md"
# Its blocks are the steps of recipes: tests/whole/test_contributing.py applies them.
RECIPES = DOCS / "recipes.md"

_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PROMPT = "$ "
# A line of a console that stands for any lines; at the end of a line, for the rest of that line.
_ANYTHING = "..."
_DURATION = re.compile(r"\b\d+\.\d+ ?s\b(?: \(\d+:\d\d:\d\d\))?")
# Counts of the whole suite: each new spec or clause changes them.
_COUNT = re.compile(
    r"(?<=clauses verified: )\d{3,}\b|(?<=\(clauses: )\d+(?= not)|\b\d{3,}(?= [a-z])"
)
# The newest revision, where a run of the model says which one it takes.
_NEWEST = re.compile(r"(?<=backend model, kernel )linux-[0-9.]+")
_MARK = "--- end of a command, status "


@dataclass(frozen=True)
class Block:
    """A fenced block; ``word`` is the second one after the fence, or empty."""

    page: Path
    number: int
    language: str
    word: str
    text: str

    @property
    def is_file(self) -> bool:
        return "." in self.word

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT).as_posix()}-{self.language}-{self.number}"


def blocks(page: Path) -> list[Block]:
    """The page's fenced blocks in order."""
    found = _BLOCK.findall(page.read_text(encoding="utf-8"))
    return [Block(page, number, *parts) for number, parts in enumerate(found)]


def is_walk(page: Path) -> bool:
    """Whether the page is gone through as a whole."""
    return any(block.is_file for block in blocks(page))


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """The commands of a console, each with what is shown of its output."""
    command, shown = "", list[str]()
    for line in text.splitlines():
        if command.endswith("\\"):
            command += f"\n{line}"
        elif line.startswith(_PROMPT):
            if command:
                yield command, shown
            command, shown = line.removeprefix(_PROMPT), []
        else:
            assert command, f"a console begins with {_PROMPT!r}: {line!r}"
            shown.append(line)
    yield command, shown


def typed(text: str, folder: Path, env: dict[str, str]) -> list[tuple[str, list[str], int]]:
    """Each command of a console, its output and its status; one shell for all of them."""
    given = [command for command, _ in commands(text)]
    script = "".join(f'{{ {c}\n}} 2>&1; S=$?; echo; echo "{_MARK}$S"; (exit $S)\n' for c in given)
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    parts = re.split(rf"\n{_MARK}(\d+)\n", done.stdout)
    assert len(parts) == 2 * len(given) + 1, done.stdout + done.stderr
    return [
        (command, parts[2 * n].splitlines(), int(parts[2 * n + 1]))
        for n, command in enumerate(given)
    ]


def check(text: str, folder: Path, env: dict[str, str]) -> None:
    """AssertionError unless the console shows what its commands print.

    Shown lines come one after the other, somewhere in the output; ``...`` stands for any lines,
    and at the end of a line for the rest of it.
    A command fails only where the next one shows its status: ``echo $?``.
    """
    shown = [lines for _, lines in commands(text)]
    done = typed(text, folder, env)
    for place, (command, printed, status) in enumerate(done):
        whole = "\n".join([f"$ {command}", *printed])
        asked = place + 1 < len(done) and done[place + 1][0] == "echo $?"
        assert status == 0 or asked, f"status {status}\n{whole}"
        assert shows(shown[place], printed), "\n".join([*shown[place], "--- but printed:", whole])


def shows(shown: Sequence[str], printed: Sequence[str]) -> bool:
    """Whether the lines stand in the output: those between two ``...`` one after the other."""
    left = [_plain(line) for line in printed]
    for part in _split([_plain(line) for line in shown]):
        size = len(part)
        starts = [
            n for n in range(len(left) - size + 1) if all(map(_is_shown, part, left[n : n + size]))
        ]
        if not starts:
            return False
        left = left[starts[0] + len(part) :]
    return True


def _is_shown(shown: str, printed: str) -> bool:
    if shown.endswith(f" {_ANYTHING}"):
        return printed.startswith(shown.removesuffix(_ANYTHING))
    return printed == shown


def _split(lines: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for line in [*lines, _ANYTHING]:
        if line != _ANYTHING:
            part.append(line)
        elif part:
            yield part
            part = []


def _plain(line: str) -> str:
    """Without what changes often: durations, rules of that width, large counts, a revision."""
    line = _NEWEST.sub("#", _COUNT.sub("#", _DURATION.sub("# s", line)))
    return re.sub(r"([=-])\1{2,}", r"\1\1\1", line).rstrip()


def environment(installed: Path) -> dict[str, str]:
    """The environment of a user who has the plugin, from the folder ``installed``.

    The first command there compiles the modules for all others.
    """
    env = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("COVERAGE_", "PYTEST_", "PYTHONDONTWRITEBYTECODE"))
    }
    here = Path(sys.executable).parent
    return {
        **env,
        "PATH": f"{here}:{env['PATH']}",
        "PYTHONPATH": str(installed),
        "PYTEST_ADDOPTS": "-p no:randomly",
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
