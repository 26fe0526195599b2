"""The page on waivers is gone through, from its first block to its last."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "waivers.md"
_BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```", re.MULTILINE | re.DOTALL)


def consoles(text: str) -> list[tuple[list[str], list[str]]]:
    """The commands of a console, and the lines that each shows."""
    found: list[tuple[list[str], list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((shlex.split(line)[1:], []))
        elif line != "...":
            found[-1][1].append(line)
    return found


def test_the_page_goes_as_it_says(pytester: pytest.Pytester) -> None:
    tried = 0
    for language, name, text in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        if name:
            (pytester.path / name).write_text(text, encoding="utf-8")
            continue
        assert language == "console"
        status = 0
        for words, shown in consoles(text):
            if words[0] == "echo":
                assert shown == [str(status)]
                continue
            if words[0] == "pytest":
                result = pytester.runpytest_subprocess(*words[1:])
                printed, status = result.outlines, int(result.ret)
            else:
                assert words[0] == "cat"
                printed = (pytester.path / words[1]).read_text(encoding="utf-8").splitlines()
            assert [line for line in printed if line in shown] == shown
            tried += 1
    assert tried > 4
