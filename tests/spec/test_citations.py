"""Markers are found in the source of specs, wherever they stand."""

from __future__ import annotations

from pathlib import Path

from pytest_kvmpmu.spec.citations import Citation, citations

SOURCE = """\
import pytest
pytestmark = pytest.mark.kvmpmu_clause("module")
@pytest.mark.kvmpmu_clause("first", "second")
def test_a():
    "kvmpmu_clause('not a marker')"
@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.kvmpmu_clause("param"))])
def test_b(x): pass
"""
HIDDEN = """\
from pytest import mark
clause = mark.kvmpmu_clause
@mark.kvmpmu_clause("told", SLUG)
@mark.kvmpmu_clause()
def test_c(): pass
"""


def test_markers_are_found_on_modules_tests_and_parameters(tmp_path: Path) -> None:
    tmp_path.joinpath("test_a.py").write_text(SOURCE)
    assert citations(tmp_path) == [
        Citation(("module",), "test_a.py:2"),
        Citation(("first", "second"), "test_a.py:3"),
        Citation(("param",), "test_a.py:6"),
    ]


def test_a_marker_without_written_out_slugs_is_told_apart(tmp_path: Path) -> None:
    tmp_path.joinpath("sub").mkdir()
    tmp_path.joinpath("sub/test_c.py").write_text(HIDDEN)
    assert citations(tmp_path) == [
        Citation(("told",), "sub/test_c.py:3", literal=False),
        Citation((), "sub/test_c.py:4", literal=False),
    ]
