"""The result of a wrong kernel, and the file of results that a run of the plugin writes."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_kvmpmu.spec import catalogue

from .wrong import Wrong

# Noticed by a spec that cites the broken clause; by another one only.
OWN, OTHER = "own", "other"
# Not noticed, though specs made calls that it affects; because it only affects a call of one spec
# in the state of another; because it affects no call.
SURVIVED, UNASKED, UNSEEN = "survived", "unasked", "unseen"
# As UNSEEN, of a row moved to where another row of its clause holds: the kernel is not wrong.
TWIN = "twin"
VERDICTS = (OWN, OTHER, SURVIVED, UNASKED, UNSEEN, TWIN)

# Clauses without their own spec, for a written reason: most specs depend on them.
_EXCUSED = {slug for table in catalogue.load(catalogue.UNSPECIFIED_PATH).values() for slug in table}


@dataclass(frozen=True)
class Result:
    """``verdict`` is one of `VERDICTS`; ``specs``: the one that noticed, or all that could have."""

    wrong: Wrong
    verdict: str
    specs: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Noticed, by a spec that cites the clause if there can be one."""
        none_cites = self.wrong.outward or self.wrong.clauses <= _EXCUSED
        return self.verdict in (OWN, TWIN) or (self.verdict == OTHER and none_cites)


def save(path: Path, results: Sequence[Result]) -> None:
    """Write the results for the process that reads them."""
    path.write_bytes(pickle.dumps(list(results)))


def load(path: Path) -> list[Result]:
    """What `save` wrote."""
    results: list[Result] = pickle.loads(path.read_bytes())
    return results
