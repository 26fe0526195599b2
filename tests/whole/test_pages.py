"""What a page's consoles show is compared line by line, but for what differs from run to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from ..pages import check, commands, shows

PRINTED = [
    *("=== x in 1.25s ===", "a", "b", "c  "),
    *("known: x, y and z", "120 ran, 1 passed in 75.00s (0:01:15)"),
    "verdict: not verified (clauses: 7 not verified, 139 conformant)",
]


@pytest.mark.parametrize(
    "shown",
    [
        [],
        ["a", "b"],
        ["...", "b", "c"],
        ["a", "...", "c", "...", "130 ran, 1 passed in 0.20s"],
        ["c", "known: x, ...", "130 ran, 1 passed in 0.20s"],
        ["====== x in 0.01s ======", "a", "..."],
        ["verdict: not verified (clauses: 12 not verified, 150 conformant)"],
    ],
)
def test_lines_are_found_where_they_stand(shown: list[str]) -> None:
    assert shows(shown, PRINTED)


@pytest.mark.parametrize(
    "shown",
    [
        ["a", "c"],
        ["b", "...", "a"],
        ["d"],
        ["a", "...", "a"],
        ["--- x"],
        ["20 ran, 1 passed in 0.20s"],
        ["known: y, ..."],
        ["known: x...."],
        ["known: x, ...", "c"],
    ],
)
def test_lines_that_do_not_stand_so_are_not_found(shown: list[str]) -> None:
    assert not shows(shown, PRINTED)


def test_the_revision_of_a_run_is_shown_as_one_of_the_models() -> None:
    header = "kvmpmu: backend model, kernel {}, topology rockpro64"
    assert shows([header.format("linux-7.3")], [header.format("linux-7.4")])
    assert not shows([header.format("linux-7.3")], [header.format("series-v1")])


def test_a_command_has_the_lines_to_the_next_prompt() -> None:
    text = "$ one \\\n  more\nout\n$ two\n"
    assert list(commands(text)) == [("one \\\n  more", ["out"]), ("two", [])]


ENV = {"PATH": "/usr/bin:/bin"}


def test_a_command_that_fails_has_to_show_its_status(tmp_path: Path) -> None:
    check("$ echo a; false\na\n$ echo $?\n1\n", tmp_path, ENV)
    with pytest.raises(AssertionError, match="status 1"):
        check("$ false\n", tmp_path, ENV)


def test_another_output_than_the_one_shown_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="but printed"):
        check("$ echo b >&2\na\n", tmp_path, ENV)


def test_the_commands_of_a_console_share_a_shell(tmp_path: Path) -> None:
    check("$ A=1; cd /\n$ echo $A $PWD\n1 /\n", tmp_path, ENV)
