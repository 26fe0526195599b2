"""Ordered tables: how they are read, and rules for all of the model's tables."""

from __future__ import annotations

import pytest

from pytest_kvmpmu import model
from pytest_kvmpmu.data.host import Host
from pytest_kvmpmu.data.revision import FIRST, NEWEST, REVISIONS, Revision, revision
from pytest_kvmpmu.model.state import Context, State, Vm
from pytest_kvmpmu.model.table import (
    NotModelled,
    Row,
    Table,
    answer,
    done,
    effect,
    only,
    read,
    refuse,
)
from pytest_kvmpmu.spec.catalogue import clauses
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome

from .machine import KINDS

CALL = Call.make("KVM_CREATE_VM", "kvm", 0, "vm0")
START = State()
ROWS = [
    pytest.param(row, id=f"{ioctl}-{kind}-{number}-{row.clause}")
    for (ioctl, kind), table in model.TABLES.items()
    for number, row in enumerate(table)
]


def context() -> Context:
    return Context(START, CALL, Host("h", (0,), ()), ())


def yes(c: Context) -> bool:
    return True


def no(c: Context) -> bool:
    return False


def made(c: Context) -> bool:
    return "vm0" in c.objects


def make(c: Context) -> None:
    c.add("vm0", Vm())


@pytest.mark.parametrize(
    ("table", "errno"),
    [
        ((refuse(yes, Errno.EPERM, "a"), refuse(yes, Errno.EBUSY, "b")), Errno.EPERM),
        ((refuse(no, Errno.EPERM, "a"), refuse(yes, Errno.EBUSY, "b")), Errno.EBUSY),
        ((effect(make, "a"), refuse(made, Errno.EPERM, "b")), Errno.EPERM),
        ((effect(make, "a", when=no), refuse(made, Errno.EPERM, "b"), answer(done, "c")), None),
        ((answer(done, "a", when=no), refuse(yes, Errno.EIO, "b")), Errno.EIO),
        ((answer(done, "a"), refuse(yes, Errno.EIO, "b")), None),
        ((*only(no, [refuse(yes, Errno.EIO, "a")]), answer(done, "b")), None),
        ((*only(yes, [refuse(no, Errno.EIO, "a")]), answer(done, "b")), None),
        ((*only(yes, [refuse(yes, Errno.EIO, "a")]), answer(done, "b")), Errno.EIO),
    ],
)
def test_a_table_is_read_from_the_top_and_the_first_match_answers(
    table: Table, errno: Errno | None
) -> None:
    assert read(table, context(), NEWEST)[1] == Outcome(0 if errno is None else -1, errno)


def test_a_refusal_keeps_the_effects_above_it() -> None:
    after, _ = read((effect(make, "a"), refuse(yes, Errno.EIO, "b")), context(), NEWEST)
    assert "vm0" in after.objects
    assert "vm0" not in START.objects


def test_a_further_condition_is_tested_first() -> None:
    def wrong(c: Context) -> bool:
        raise AssertionError("the row's own condition must not be tested")

    table = (*only(no, [refuse(wrong, Errno.EIO, "a")]), answer(done, "b"))
    assert read(table, context(), NEWEST)[1].errno is None


@pytest.mark.parametrize("wanted", REVISIONS, ids=str)
def test_a_row_holds_from_since_to_until_inclusive(wanted: Revision) -> None:
    middle, last = revision("linux-5.18"), revision("linux-6.5")
    row = refuse(yes, Errno.EIO, "a", since=middle.name, until=last.name)
    assert row.holds_in(wanted) == (middle <= wanted <= last)
    assert refuse(yes, Errno.EIO, "a", since=middle.name).holds_in(wanted) == (wanted >= middle)
    assert refuse(yes, Errno.EIO, "a", until=last.name).holds_in(wanted) == (wanted <= last)
    assert effect(make, "a").holds_in(wanted)
    assert answer(done, "a").holds_in(wanted)


def test_a_row_of_another_revision_is_passed_over() -> None:
    table = (refuse(yes, Errno.EIO, "a", until=FIRST.name), answer(done, "b"))
    assert read(table, context(), FIRST)[1].errno == Errno.EIO
    assert read(table, context(), NEWEST)[1].errno is None


@pytest.mark.parametrize("table", [(), (refuse(no, Errno.EIO, "a"),), (effect(make, "a"),)])
def test_a_call_that_no_row_answers_is_not_modelled(table: Table) -> None:
    with pytest.raises(NotModelled, match=rf"does not cover .*KVM_CREATE_VM.* in {NEWEST}"):
        read(table, context(), NEWEST)


def test_there_is_a_table_for_every_call_on_every_kind_of_object() -> None:
    assert set(model.TABLES) == KINDS


@pytest.mark.parametrize("row", ROWS)
def test_a_row_does_one_thing(row: Row) -> None:
    assert [row.errno, row.effect, row.answer].count(None) == 2


@pytest.mark.parametrize("row", ROWS)
def test_a_rows_clause_is_in_the_catalogue_and_speaks_of_its_revisions(row: Row) -> None:
    clause = clauses()[row.clause]
    assert clause.since <= row.since
    assert clause.until is None or (row.until is not None and row.until <= clause.until)


@pytest.mark.parametrize("row", ROWS)
def test_a_row_holds_in_some_revision(row: Row) -> None:
    assert any(row.holds_in(known) for known in REVISIONS)
