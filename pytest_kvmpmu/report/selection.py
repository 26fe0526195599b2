"""Which specs a run could have run, and which of them it was told to run.

Not for: what they came to (`result`).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Selection:
    """``specs``: the clauses of each spec that was collected, by its name; ``deselected``: those
    of them that were left out (-k, -m, --deselect); ``narrowed``: files of which only a part was
    collected (``file::test``, --lf).
    """

    specs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    deselected: frozenset[str] = frozenset()
    narrowed: frozenset[str] = frozenset()

    @functools.cached_property
    def files(self) -> frozenset[str]:
        """The files of the specs."""
        return frozenset(file_of(spec) for spec in self.specs)

    def to_json(self) -> str:
        """As a text, which xdist can carry."""
        values = (dict(self.specs), sorted(self.deselected), sorted(self.narrowed))
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str) -> Selection:
        """The inverse of `to_json`."""
        specs, deselected, narrowed = json.loads(text)
        return cls(
            {spec: tuple(cited) for spec, cited in specs.items()},
            frozenset(deselected),
            frozenset(narrowed),
        )


def file_of(spec: str) -> str:
    """The file in a spec's name."""
    return spec.partition("::")[0]
