"""Debian's order of versions."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise

import pytest

from pytest_kvmpmu.lab.archive.version import meets, order

# In ascending order.
ASCENDING = [
    "0~rc1",
    "0",
    "1.0~~",
    "1.0~beta1-1",
    "1.0~beta1-2",
    "1.0",
    "1.0-0.1",
    "1.0-1",
    "1.0-1+b1",
    "1.0-1+deb12u1",
    "1.0a-1",
    "1.0+dfsg-1",
    "1.0.1-1",
    "1.9-1",
    "1.10-1",
    "7.2.13-1",
    "7.3~rc7-1~exp1",
    "7.3-1",
    "1:0.1",
    "2:0",
]


def test_each_is_later_than_the_one_before() -> None:
    for earlier, later in pairwise(ASCENDING):
        assert order(earlier) < order(later), (earlier, later)


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="needs dpkg")
def test_dpkg_says_the_same() -> None:
    for earlier, later in pairwise(ASCENDING):
        command = ["dpkg", "--compare-versions", earlier, "lt", later]
        assert subprocess.run(command, check=False).returncode == 0, (earlier, later)


@pytest.mark.parametrize(
    ("version", "relation", "wanted", "good"),
    [
        ("2.36-9", "", "", True),
        ("2.36-9", ">=", "2.36", True),
        ("2.36-9", ">=", "2.37", False),
        ("2.36-9", "=", "2.36-9", True),
        ("2.36", "=", "2.36-0", True),
        ("2.36-9", "<<", "2.36-9", False),
        ("2.36-9", "<=", "2.36-9", True),
        ("1:1", ">>", "2", True),
    ],
)
def test_a_relation_is_met_or_not(version: str, relation: str, wanted: str, good: bool) -> None:
    assert meets(version, relation, wanted) is good
