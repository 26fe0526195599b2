"""Where a value stands in a TOML file.

tomllib does not say.  tomlkit writes a file as it was: here with a mark in the value's place.
Not for: reading the values.
"""

from __future__ import annotations

from typing import Any

_MARK = "toml-lines-mark"


def line_of(text: str, *path: str | int) -> int | None:
    """The line, from 1, of what ``path`` leads to: keys, and numbers of array elements.

    An array of tables has both forms, ``[[KEY]]`` and ``KEY = [ { ... } ]``.  The line of a table
    is that of its header or its brace, the line of a value that of its key.  None if tomlkit does
    not read ``text``, or the place has no line of its own (a dotted key's table).
    """
    from tomlkit import items, parse  # slow to import, and only errors need it
    from tomlkit.exceptions import TOMLKitError

    mark = _MARK
    while mark in text:
        mark += "-"
    *above, last = path
    try:
        document: Any = parse(text)
        holder = document
        for step in above:
            holder = holder[step]
        value = holder[last]
        if isinstance(value, items.AoT):
            value = value[0]
        if isinstance(value, items.Table):
            value.comment(mark)  # behind its header
        else:
            holder[last] = mark
        before, found, _ = document.as_string().partition(mark)
    except (TOMLKitError, LookupError, TypeError):
        return None
    return before.count("\n") + 1 if found else None
