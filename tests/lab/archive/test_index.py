"""A list of packages: the newest version, and dependencies."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.lab import LabFailure
from pytest_kvmpmu.lab.archive.index import Index


def index(*packages: str) -> Index:
    """An index of packages, each given as its lines: ``a 1`` is name and version, then fields."""
    stanzas = []
    for package in packages:
        first, *fields = package.split("; ")
        name, version = first.split()
        stanzas.append("\n".join([f"Package: {name}", f"Version: {version}", *fields]) + "\n")
    return Index("\n".join(stanzas).encode(), "stable")


def test_of_several_versions_the_newest_counts() -> None:
    assert index("a 1.9", "a 1.10", "a 1.2").stanza("a")["Version"] == "1.10"


def test_a_package_that_is_not_there_is_named_with_the_suite() -> None:
    with pytest.raises(LabFailure, match="stable has no package b"):
        index("a 1").stanza("b")


def test_a_name_in_another_field_is_no_package() -> None:
    with pytest.raises(LabFailure):
        index("a 1; Description: x\n Package: b").stanza("b")


def test_the_last_stanza_is_read_to_its_end() -> None:
    assert index("a 1", "b 2; Depends: a").stanza("b")["Depends"] == "a"


def test_the_closure_follows_both_kinds_of_dependency_and_circles() -> None:
    found = index("a 1; Depends: b", "b 1; Pre-Depends: c", "c 1; Depends: a", "d 1")
    assert found.closure(["a"]) == ["a", "b", "c"]


def test_an_alternative_that_is_in_already_adds_nothing() -> None:
    found = index("a 1; Depends: b | c, d", "b 1", "c 1", "d 1; Depends: b | c")
    assert found.closure(["a", "c"]) == ["a", "c", "d"]


def test_of_alternatives_the_first_that_is_there_is_taken() -> None:
    found = index("a 1; Depends: x | b (>= 2) | c", "b 1", "c 1")
    assert found.closure(["a"]) == ["a", "c"]


def test_a_version_has_to_be_met() -> None:
    found = index("a 1; Depends: b (= 1)", "b 1; Depends: c", "b 2; Depends: d", "c 1", "d 1")
    assert found.closure(["a"]) == ["a", "b", "c"]
    with pytest.raises(LabFailure, match=r"a needs b \(>= 3\), which stable does not have"):
        index("a 1; Depends: b (>= 3)", "b 2").closure(["a"])


def test_a_virtual_package_is_provided_by_another() -> None:
    found = index("a 1; Depends: v", "b 1; Provides: u, v (= 5)")
    assert found.closure(["a"]) == ["a", "b"]
    assert index("a 1; Depends: v (>= 5)", "b 1; Provides: v (= 5)").closure(["a"]) == ["a", "b"]
    with pytest.raises(LabFailure, match="which stable does not have"):
        index("a 1; Depends: v (>= 5)", "b 7; Provides: v").closure(["a"])


def test_a_qualified_name_is_the_package() -> None:
    assert index("a 1; Depends: b:any (>= 1)", "b 1").closure(["a"]) == ["a", "b"]
