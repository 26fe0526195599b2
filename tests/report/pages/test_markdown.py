"""The Markdown page: whole tables, failures in full, and nothing taken for markup."""

from __future__ import annotations

import re

import pytest

from pytest_kvmpmu.report.pages import markdown
from pytest_kvmpmu.report.pages.matrix import matrix

from ..runs import reports


def test_the_tables_of_the_markdown_have_as_many_cells_in_each_row(
    pytester: pytest.Pytester,
) -> None:
    text = markdown.page(matrix(reports(pytester)))
    tables = re.findall(r"(?:^\|.*\n)+", text, re.M)
    assert len(tables) > 10
    for table in tables:
        counts = {len(re.findall(r"(?<!\\)\|", line)) for line in table.splitlines()}
        assert len(counts) == 1, table


def test_the_markdown_tells_of_failures_in_full_and_of_passes_by_sign(
    pytester: pytest.Pytester,
) -> None:
    text = markdown.page(matrix(reports(pytester)))
    table, _, behind = text.partition("# Behind the failures\n")
    assert "| `set-pmu.set` | \N{EN DASH} | ! | ! |" in table
    assert (
        "✗ `test_specs.py::test_no_pmu_of_that_id` on 6.12: all boards: violated: KVM_SET" in behind
    )
    assert "addr=int:99 = -1 ENXIO" in behind
    assert "\\<script>" in behind
    assert "test_every_pmu_is_taken" not in behind.partition("## `set-pmu.set`")[0]
