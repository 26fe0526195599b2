"""Converts the Markdown of a page to the Markdown that the site shows.

The comment ``<!-- kvmpmu: NAME -->`` is replaced by a part of `reference_pages`, and
``<!-- kvmpmu: module NAME -->`` by the public names of a module.  The second word of a fenced
block is the name of the file that the reader creates from it.  A toctree pattern that matches
nothing is removed.
"""

from __future__ import annotations

import re
from pathlib import Path

from reference_pages import PARTS

_COMMENT = re.compile(r"^<!-- kvmpmu: (?:(module) )?(\S+) -->$", re.MULTILINE)
_NAMED = re.compile(r"^```(\w+) (\S+\.\w+)\n", re.MULTILINE)
_PATTERN = re.compile(r"^[\w./-]*\*\n", re.MULTILINE)
_MODULE = """\
```{{eval-rst}}
.. automodule:: {}
   :members:
```"""


def fill_in(page: str, text: str) -> str:
    """The page with its generated parts and the captions of its blocks."""

    def part(match: re.Match[str]) -> str:
        kind, name = match.groups()
        if kind:
            return _MODULE.format(name)
        if name not in PARTS:
            raise ValueError(f"{page}: no generated part {name!r}; known: {', '.join(PARTS)}")
        return PARTS[name]()

    here = Path(__file__).parent.parent / Path(page).parent
    text = _PATTERN.sub(lambda m: m[0] if any(here.glob(f"{m[0].strip()}.md")) else "", text)
    text = _NAMED.sub(r"```{code-block} \1\n:caption: \2\n\n", text)
    return _COMMENT.sub(part, text)
