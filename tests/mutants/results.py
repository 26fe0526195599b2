"""What came of a wrong kernel, and the file in which a run of the plugin leaves that."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_kvmpmu.spec import catalogue

from .wrong import Wrong

# Noticed by a spec that cites the broken clause; by another one only.
OWN, OTHER = "own", "other"
# Not noticed: though specs made calls to which it makes a difference; for only a call of one spec
# in the state of another is such a call; for none is.
SURVIVED, UNASKED, UNSEEN = "survived", "unasked", "unseen"
# As UNSEEN, of a row moved to where another row of its clause holds: no wrong kernel at all.
TWIN = "twin"
VERDICTS = (OWN, OTHER, SURVIVED, UNASKED, UNSEEN, TWIN)

# Clauses that have no spec of their own, for a reason in writing: most specs need what they say.
_EXCUSED = {slug for table in catalogue.load(catalogue.UNSPECIFIED_PATH).values() for slug in table}


@dataclass(frozen=True)
class Result:
    """``verdict`` is one of `VERDICTS`; ``specs``: the one that noticed, or all that could have."""

    wrong: Wrong
    verdict: str
    specs: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Noticed, and by a spec that cites the clause where there can be one."""
        none_cites = self.wrong.outward or self.wrong.clauses <= _EXCUSED
        return self.verdict in (OWN, TWIN) or (self.verdict == OTHER and none_cites)


def save(path: Path, results: Sequence[Result]) -> None:
    """Write the results for the process that reads them."""
    path.write_bytes(pickle.dumps(list(results)))


def load(path: Path) -> list[Result]:
    """What `save` wrote."""
    results: list[Result] = pickle.loads(path.read_bytes())
    return results
