"""The search finds each bug, and nothing in a correct kernel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_kvmpmu.differential.search import Search
from pytest_kvmpmu.errors import BackendFailure
from pytest_kvmpmu.recording import script
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome

from . import broken
from .broken import Broken, Spoil


def search(tmp_path: Path, spoil: Spoil, kernel: str | None = None, examples: int = 60) -> Search:
    return Search(Broken(spoil, kernel), examples, False, tmp_path / "found.jsonl")


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


class Dying(Broken):
    """Answers a few sequences, then fails."""

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
