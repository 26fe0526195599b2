"""The mutants' own program: what it prints, what it tries, and a part of one revision tried."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pytest_kvmpmu import model
from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.data import topology
from pytest_kvmpmu.data.revision import REVISIONS, Revision, revision
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.wire.call import Call

from . import __main__ as program
from . import report as reporting
from .explained import Explained, explained
from .mutant import DROP, ERRNO, SINCE, SWAP, Mutant, of_rows, swaps
from .product import Met, product
from .reader import swapped
from .report import report
from .results import OTHER, OWN, SURVIVED, TWIN, UNASKED, UNSEEN, Result, load, save

NEW = revision("linux-7.3")
KEY = ("KVM_RUN", "vcpu")
WRONG = Mutant(DROP, KEY, 1)
CLAUSE = next(iter(WRONG.clauses))
EXPLAINED = Explained((f"drop: {CLAUSE} *",), "for a reason")


def result(verdict: str, wrong: Mutant = WRONG) -> Result:
    return Result(wrong, verdict, ("conformance/test_x.py::test_y",))


@pytest.fixture
def reasons(monkeypatch: pytest.MonkeyPatch) -> list[Explained]:
    """The reasons in the file: none yet."""
    known: list[Explained] = []
    monkeypatch.setattr(reporting, "explained", lambda: known)
    return known


@pytest.mark.usefixtures("reasons")
@pytest.mark.parametrize("verdict", [SURVIVED, UNASKED, UNSEEN, OTHER])
def test_a_wrong_kernel_that_nothing_of_its_clause_noticed_is_named(verdict: str) -> None:
    lines, good = report({NEW: {WRONG: result(verdict)}}, whole=True)
    assert not good
    assert any(str(WRONG) in line for line in lines)
    assert "1 wrong kernels: 0 noticed, 0 explained, 1 neither" in lines


@pytest.mark.usefixtures("reasons")
def test_one_that_was_noticed_counts_for_its_clause() -> None:
    lines, good = report({NEW: {WRONG: result(OWN)}}, whole=True)
    assert good
    assert f"{CLAUSE:40} {1:7} {1:5}" in lines


@pytest.mark.usefixtures("reasons")
def test_one_that_is_none_counts_for_nothing() -> None:
    lines, good = report({NEW: {WRONG: result(TWIN)}}, whole=True)
    assert good
    assert "0 wrong kernels: 0 noticed, 0 explained, 0 neither" in lines


def test_a_reason_in_writing_is_told_and_has_to_be_needed(reasons: list[Explained]) -> None:
    reasons.append(EXPLAINED)
    lines, good = report({NEW: {WRONG: result(SURVIVED)}}, whole=True)
    assert good
    assert "    for a reason" in lines
    lines, good = report({NEW: {WRONG: result(OWN)}}, whole=True)
    assert not good
    assert f"explained, and there is none: {EXPLAINED.names[0]}" in lines
    _, good = report({NEW: {WRONG: result(OWN)}}, whole=False)
    assert good  # the others may need it


def test_each_reason_is_a_sentence_of_its_own() -> None:
    known = explained()
    assert known
    assert len({one.why for one in known}) == len(known)
    assert not any(
        one.tells_of("drop: set-pmu.fail-entry (KVM_RUN on a vcpu, row 1)") for one in known
    )


def test_results_go_through_a_file(tmp_path: Path) -> None:
    made = [result(OWN), result(SURVIVED, Mutant(SWAP, KEY, 1, 2))]
    save(tmp_path / "results", made)
    assert load(tmp_path / "results") == made


@pytest.mark.parametrize("wanted", REVISIONS, ids=str)
def test_each_row_in_force_is_dropped_and_each_errno_changed(
    wanted: Revision, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = list(of_rows(wanted))
    rows = {(key, n): row for key, table in model.TABLES.items() for n, row in enumerate(table)}
    dropped = {(one.key, one.row) for one in made if one.kind == DROP}
    assert all(rows[place].holds_in(wanted) for place in dropped)
    for one in made:
        monkeypatch.setitem(model.TABLES, one.key, model.TABLES[one.key])
        before = model.TABLES[one.key]
        one.install(wanted)
        after = model.TABLES[one.key]
        assert after != before
        if one.kind == ERRNO:
            assert after[one.row].errno not in (None, before[one.row].errno)
        if one.kind == SINCE:
            assert after[one.row].holds_in(wanted)
            assert not before[one.row].holds_in(wanted)
        model.TABLES[one.key] = before


def test_a_row_that_is_swapped_comes_first_where_both_act() -> None:
    table = model.TABLES[KEY]
    after = swapped(table, 1, 2)
    assert after[2:] == table[1:]
    assert after[1].errno == table[2].errno


def test_calls_of_one_spec_are_tried_in_the_states_of_another() -> None:
    backend = ModelBackend(topology.load("rockpro64"), "linux-7.3")
    gic = k.KVM_DEV_TYPE_ARM_VGIC_V3
    vm = Call.make("KVM_CREATE_VM", "kvm", 0, "vm0")
    asks = Call.make("KVM_CREATE_DEVICE", "vm0", 0, "dev0", type=gic, argp="fault")
    made = Call.make("KVM_CREATE_DEVICE", "vm0", 0, "dev0", type=gic)
    met = Met(), Met()
    for one, last in zip(met, (asks, made), strict=True):
        state = model.State()
        for call in (vm, last, Call.make("KVM_ARM_PREFERRED_TARGET", "vm0", 0)):
            with one:
                state, _ = model.step(state, call, backend.hardware, backend.revision)
    both = ("create-device.efault", "create-device.eexist")
    assert both not in clauses_of(swaps([*met]))
    assert both in clauses_of(swaps([product(met, backend)]))


def clauses_of(found: list[Mutant]) -> set[tuple[str, ...]]:
    return {tuple(row.clause for row in one.rows) for one in found}


def test_an_unknown_revision_is_one_line_and_exit_status_4(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert program.main(["series-v9"]) == 4
    assert capsys.readouterr().err.startswith("mutants: error: unknown ")


@pytest.mark.once
def test_the_specs_notice_a_seventh_of_what_can_be_noticed_in_one_revision(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # All of them in all revisions: `tox -e mutants`.  Drops and errnos take turns in the list, so
    # that an odd step tries both.
    # A process for each mutant: coverage would measure the same specs in each.
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)
    status = program.main(["linux-6.7", "-n", "1", "--every", "7"])
    printed = capsys.readouterr().out
    assert status == 0, printed
    assert ", 0 neither" in printed
    tried = re.search(r"on rockpro64: (\d+) tried", printed)
    assert tried
    assert int(tried[1]) > 50
