"""The line of a value, in both forms of an array of tables."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.support.toml_lines import line_of

TEXT = '''\
first = 1 # toml-lines-mark
text = """
[[table]]
more = [
"""
more = [
  { a = "x { y", b = 2 }, # { a = 3 }
  # { a = 4 },
  { "a" = 5,
    b = 6 }, { b = 7 },
  8,
]

[[table]] # one
a = 1
[[ table ]]
[table.inner]
c = 3
[[table]]
[plain]
d = 4
dotted.e = 5
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("first",), 1),
        (("text",), 2),
        (("more",), 6),
        (("more", 0), 7),
        (("more", 0, "b"), 7),
        (("more", 1), 9),
        (("more", 1, "b"), 10),
        (("more", 2, "b"), 10),
        (("more", 3), 11),
        (("table",), 14),
        (("table", 0, "a"), 15),
        (("table", 1), 16),
        (("table", 1, "inner"), 17),
        (("table", 1, "inner", "c"), 18),
        (("table", 2), 19),
        (("plain",), 20),
        (("plain", "d"), 21),
        (("plain", "dotted", "e"), 22),
        (("plain", "dotted"), None),
        (("absent",), None),
        (("first", "deeper"), None),
        (("table", 3), None),
        (("more", 4), None),
    ],
)
def test_a_value_has_a_line(path: tuple[str | int, ...], line: int | None) -> None:
    assert line_of(TEXT, *path) == line


def test_line_ends_of_windows_count_once() -> None:
    assert line_of("a = 1\r\n[[b]]\r\nc = 2\r\n", "b", 0, "c") == 3


def test_a_text_that_is_not_toml_has_no_lines() -> None:
    assert line_of("a == 1", "a") is None
