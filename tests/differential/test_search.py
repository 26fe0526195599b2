"""The search finds kernels that are wrong, and nothing in one that is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import Phase, settings

from pytest_kvmpmu.differential import laws
from pytest_kvmpmu.differential.laws import LAWS, Law
from pytest_kvmpmu.differential.search import Search
from pytest_kvmpmu.errors import BackendFailure
from pytest_kvmpmu.recording import script
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome

from . import broken
from .broken import Broken, Forgiving, Spoil

REVISIONS = ["linux-5.10", "series-v3", "linux-5.18", "linux-6.4", "linux-6.7", "linux-7.3"]


def search(tmp_path: Path, spoil: Spoil, kernel: str | None = None, examples: int = 60) -> Search:
    return Search(Broken(spoil, kernel), examples, False, tmp_path / "found.jsonl")


@pytest.mark.parametrize("kernel", REVISIONS)
@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_the_model_keeps_the_laws(law: Law, kernel: str, tmp_path: Path) -> None:
    made = search(tmp_path, broken.right, kernel, examples=25)
    made.against(law)
    assert made.reach.sequences >= 25
    assert not (tmp_path / "found.jsonl").exists()


@pytest.fixture
def no_shrinking() -> Iterator[None]:
    """To make a finding small takes most of a search's time."""
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


def test_a_wrong_kernel_is_found_shrunk_and_written_as_a_script(tmp_path: Path) -> None:
    made = search(tmp_path, broken.wrong_cpu_in_fail_entry, examples=200)
    with pytest.raises(AssertionError, match=r"model: expected .*, found ") as caught:
        made.against_the_model()
    text = (tmp_path / "found.jsonl").read_text()
    calls = script.load(text, "found.jsonl")
    assert [call.ioctl for call in calls].count("KVM_RUN") == 1
    assert calls[-1].ioctl == "KVM_RUN"
    assert len(calls) < 14
    assert f"# call {len(calls) - 1}: expected" in text
    assert text in str(caught.value)


def test_a_right_kernel_agrees_and_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "found.jsonl").write_text("of an earlier run")
    made = search(tmp_path, broken.right)
    made.against_the_model()
    assert not (tmp_path / "found.jsonl").exists()


def test_a_search_tries_the_same_sequences_each_time(tmp_path: Path) -> None:
    reached = []
    for _ in range(2):
        made = search(tmp_path, broken.right, examples=30)
        made.against_the_model()
        reached.append(made.reach.lines())
    assert reached[0] == reached[1]


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


class Dying(Broken):
    """Answers a few sequences, and then no more."""

    def __init__(self, answers: int) -> None:
        super().__init__(broken.right)
        self.asked, self.answers = 0, answers

    def apart(
        self, sequences: Sequence[Sequence[Call]], seconds: float | None = None
    ) -> list[list[Outcome]]:
        self.asked += 1
        if self.asked > self.answers:
            raise BackendFailure("the kernel is gone")
        return super().apart(sequences, seconds)


def test_a_kernel_that_dies_ends_the_search_and_its_last_calls_are_kept(tmp_path: Path) -> None:
    kernel, found = Dying(answers=10), tmp_path / "found.jsonl"
    with pytest.raises(
        BackendFailure, match=r"the kernel is gone\n.*found\.jsonl, for kvmpmu play"
    ):
        Search(kernel, 60, False, found).against_the_model()
    assert kernel.asked == kernel.answers + 1
    text = found.read_text()
    assert "no answer to these calls" in text
    assert script.load(text, "found.jsonl")
