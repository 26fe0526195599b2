"""How often a search reaches the states that matter."""

from __future__ import annotations

from pathlib import Path

from . import broken
from .test_search import search


def test_the_states_that_matter_are_reached_often(tmp_path: Path) -> None:
    made = search(tmp_path, broken.right, examples=600)
    made.against_the_model()
    head, *lines = made.reach.lines()
    shares = {line.split("%")[1].strip(): float(line.split("%")[0]) for line in lines}
    assert "share of sequences that reach" in head
    assert shares["a guest run"] > 10
    assert shares["KVM_EXIT_FAIL_ENTRY"] > 5
    assert shares["a conflict of SET_PMU with a FILTER"] > 1
    for state in (
        *("SET IRQ: EBUSY", "SET IRQ: EINVAL", "SET IRQ: EFAULT", "SET IRQ: ENODEV"),
        *("SET INIT: EBUSY", "SET INIT: ENODEV", "SET INIT: ENXIO"),
        *("SET FILTER: EBUSY", "SET FILTER: EINVAL", "SET FILTER: EFAULT", "SET FILTER: ENODEV"),
        *("SET SET_PMU: EBUSY", "SET SET_PMU: ENXIO", "SET SET_PMU: EFAULT"),
        *("KVM_RUN: ENOEXEC", "KVM_RUN: EINVAL", "KVM_RUN: EINTR"),
    ):
        assert shares[state] > 1, state
