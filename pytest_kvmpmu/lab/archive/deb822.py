"""Debian's control format: fields, each a name, a colon and a value of one or more lines.

Not for: what the fields mean (`release`, `index`).
"""

from __future__ import annotations


def fields(stanza: str) -> dict[str, str]:
    """The fields of one stanza; a value keeps its line breaks, without the indentation."""
    found: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line[:1] in (" ", "\t"):
            if name:
                found[name] = f"{found[name]}\n{line.strip()}"
        elif ":" in line:
            name, _, value = line.partition(":")
            found[name] = value.strip()
    return found
