"""The model keeps each law, and a kernel that breaks one is found."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from pytest_kvmpmu.differential import laws
from pytest_kvmpmu.differential.laws import LAWS, Law

from . import broken
from .broken import Forgiving, Spoil
from .test_search import search

REVISIONS = ["linux-5.10", "series-v3", "linux-5.18", "linux-6.4", "linux-6.7", "linux-7.3"]


@pytest.mark.parametrize("kernel", REVISIONS)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_model_keeps_the_laws(law: Law, kernel: str, tmp_path: Path) -> None:
    made = search(tmp_path, broken.right, kernel, examples=25)
    made.against(law)
    assert made.reach.sequences >= 25
    assert not (tmp_path / "found.jsonl").exists()


@pytest.fixture
def no_shrinking() -> Iterator[None]:
    """Shrinking a finding takes most of a search's time."""
    settings.register_profile("found", settings(), phases=[Phase.generate])
    settings.load_profile("found")
    yield
    settings.load_profile("same-every-time")


@pytest.mark.usefixtures("no_shrinking")
@pytest.mark.parametrize(
    ("law", "spoil"),
    [
        (laws.has_changes_nothing, broken.has_sets_irq),
        (laws.refusals_leave_nothing, broken.refusal_counts_as_run),
        (laws.refusals_are_stable, Forgiving()),
        (laws.equal_vms_are_equal, broken.second_of_a_kind),
        (laws.vms_do_not_meet, broken.run_of_one_is_run_of_all),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_kernel_that_breaks_a_law_is_found(law: Law, spoil: Spoil, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=f"{law.__name__}: expected "):
        search(tmp_path, spoil, examples=400).against(law)
