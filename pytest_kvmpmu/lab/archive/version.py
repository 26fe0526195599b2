"""How Debian orders versions (Debian Policy, 5.6.12), and whether one meets a dependency (7.1)."""

from __future__ import annotations

import operator
import re
from typing import Any

_RELATIONS = {
    "<<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">>": operator.gt,
}


def order(version: str) -> Any:
    """A sort key: greater for the later version."""
    epoch, colon, rest = version.partition(":")
    if not colon:
        epoch, rest = "0", version
    upstream, dash, revision = rest.rpartition("-")
    if not dash:
        upstream, revision = rest, "0"
    return (int(epoch), _parts(upstream), _parts(revision))


def meets(version: str, relation: str, wanted: str) -> bool:
    """Whether ``version`` is in that relation (``>=`` ...; empty: any) to ``wanted``."""
    return not relation or bool(_RELATIONS[relation](order(version), order(wanted)))


def _parts(text: str) -> list[Any]:
    # Alternating non-digits and numbers; a tilde sorts before the end, letters before everything
    # else.
    return [
        ([*map(_rank, other), 0], int(number or 0))
        for other, number in re.findall(r"([^0-9]*)([0-9]*)", text)
    ]


def _rank(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) + (0 if character.isalpha() else 256)
