"""docs/clauses.md is what the command makes."""

from __future__ import annotations

from pathlib import Path

from pytest_kvmpmu.data.revision import FIRST, revision
from pytest_kvmpmu.spec import page
from pytest_kvmpmu.spec.catalogue import Clause, Unspecified, clauses, unspecified

COMMITTED = Path(__file__).parents[2] / "docs" / "clauses.md"


def test_the_committed_page_is_the_generated_one() -> None:
    fresh = page.page(list(clauses().values()), unspecified())
    # A plain bool: the difference of two long pages helps nobody.
    same = COMMITTED.read_text(encoding="utf-8") == fresh
    assert same, f"docs/clauses.md is out of date. Run: {page.COMMAND}"


def test_the_page_has_each_clause_its_difference_and_its_reason() -> None:
    made = [
        Clause("a", "api.rst 4.1", "x | y", "must", "documented", FIRST, None, ""),
        Clause(
            "c", "api.rst 4.2", "z", "may", "documented", FIRST, None, "", revision("linux-6.7")
        ),
        Clause("b", "vcpu.rst 1", "it is EIO", "may", "divergent", FIRST, None, "it is EBUSY"),
    ]
    lines = page.page(made, {"a": Unspecified("pending", "soon")}).splitlines()
    assert "| `a` | 4.1 | in every revision | documented | x \\| y |" in lines
    assert "| `c` | 4.2 | in every revision | documented since linux-6.7, may | z |" in lines
    assert "| `b` | 1 | in every revision | divergent, may | it is EIO |" in lines
    assert "| `b` | vcpu.rst 1 | it is EBUSY | it is EIO | from 5.10 |" in lines
    assert "- `a`: soon" in lines
