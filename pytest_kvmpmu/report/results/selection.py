"""Which specs a run could have run, and which of them were selected.

Not for: their results (`result`), or which clauses stay open (`left_out`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

_NONE: Mapping[str, Any] = {}


class Selection(NamedTuple):
    """``specs``: the clauses of each spec that was collected, by its name; ``deselected``: those
    of them that were excluded (-k, -m, --deselect).

    Files, as in specs' names, with their paths: ``narrowed`` are those of which perhaps only a
    part was collected (``file::test``, --lf); ``absent`` those beside the collected files of
    which nothing was collected, or that could not be.
    """

    specs: Mapping[str, tuple[str, ...]] = _NONE
    deselected: frozenset[str] = frozenset()
    narrowed: Mapping[str, str] = _NONE
    absent: Mapping[str, str] = _NONE

    @property
    def files(self) -> frozenset[str]:
        """The files of the specs."""
        return frozenset(file_of(spec) for spec in self.specs)

    def to_json(self) -> str:
        """As a text, which xdist can send."""
        values = (self.specs, sorted(self.deselected), self.narrowed, self.absent)
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> Selection:
        """The inverse of `to_json`."""
        specs, deselected, narrowed, absent = json.loads(text)
        cited = {spec: tuple(slugs) for spec, slugs in specs.items()}
        return cls(cited, frozenset(deselected), narrowed, absent)


def file_of(spec: str) -> str:
    """The file in a spec's name."""
    return spec.partition("::")[0]
