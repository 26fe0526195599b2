"""Messages, docstrings, comments and pages keep to plain English: no phrase of `RULES` in them.

Not for: the strings of tests, which are mostly made-up input.
"""

from __future__ import annotations

import pytest

from .pages import ROOT
from .plain_english import (
    FILES,
    RULES,
    Reader,
    Rule,
    data,
    docstrings,
    files,
    found,
    page,
    strings,
)


@pytest.mark.parametrize("pattern", FILES)
def test_prose_is_plain(pattern: str) -> None:
    wrong = [
        f"{name}:{line}: {words!r}; plainer: {rule.plainer}"
        for path in files(pattern)
        for name in [path.relative_to(ROOT).as_posix()]
        for line, words, rule in found(path.read_text(encoding="utf-8"), FILES[pattern])
    ]
    assert files(pattern)
    assert not wrong, "\n".join(["", *wrong])


# The same on made-up text.


@pytest.mark.parametrize("rule", RULES, ids=[rule.bad for rule in RULES])
def test_each_rule_finds_its_phrase_and_spares_the_plain_one(rule: Rule) -> None:
    for bad in (rule.bad, rule.bad.upper().replace(" ", "\n")):
        assert [one for _, _, one in found(bad, page)] == [rule] * len(bad.split(";"))
    assert not list(found(rule.good, page))
    assert not list(found(rule.plainer, page))


PAGE = """It is
no file.

Both are

no answer to `told`, nor [to](told.md) ``told `of` ``.

```console
$ told
```

> A quotation is told.
"""
TOML = '''# One is told
# of two.
["guest.told-of-none"]
key = "a \\"word\\" is told"  # 'mend'
long = """
It is
told.
"""
other = 'it is told'
'''
CODE = '''"""A module.

It is told.
"""

told = 1  # to the one who is
# told
x = f"{told} is no {told:>{told}} of {'the told'}"
y = "guest.told-of-none", b"it was told", (
    "it is "
    "told\\n"
)


def mend():
    "Mend it."
    z = 1
    """That is

    told."""
'''


@pytest.mark.parametrize(
    ("text", "reader", "wanted"),
    [
        (PAGE, page, [(1, "is no f"), (12, "told")]),
        (TOML, data, [(1, "told"), (4, "told"), (4, "mend"), (7, "told"), (9, "told")]),
        (
            CODE,
            strings,
            [
                *[(3, "told"), (7, "told"), (8, "is no {"), (8, "told"), (10, "told")],
                *[(16, "Mend"), (20, "told")],
            ],
        ),
        (CODE, docstrings, [(3, "told"), (7, "told"), (16, "Mend"), (20, "told")]),
    ],
    ids=["page", "data", "strings", "docstrings"],
)
def test_prose_is_read_and_names_are_not(
    text: str, reader: Reader, wanted: list[tuple[int, str]]
) -> None:
    assert sorted((line, words) for line, words, _ in found(text, reader)) == sorted(wanted)
