"""Mistakes that were made, or nearly made, written by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pytest_kvmpmu import model
from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.data.revision import REVISIONS, Revision, revision
from pytest_kvmpmu.model import perf, pmu_attr, pmu_list, run
from pytest_kvmpmu.model.state import Context
from pytest_kvmpmu.model.table import Answer, Effect, Row
from pytest_kvmpmu.wire.outcome import Outcome

from .reader import Reader

SET, RUN = ("KVM_SET_DEVICE_ATTR", "vcpu"), ("KVM_RUN", "vcpu")
BY_HAND = "by hand"


@dataclass(frozen=True)
class Mistake:
    """What is wrong, in which revisions it would be, and how it is made."""

    clauses: frozenset[str]
    since: Revision
    until: Revision
    make: Callable[[], None]


MISTAKES: dict[str, Mistake] = {}


def _mistake(
    what: str, *clauses: str, since: str = "linux-5.18", until: str = REVISIONS[-1].name
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def keep(make: Callable[[], None]) -> Callable[[], None]:
        MISTAKES[what] = Mistake(frozenset(clauses), revision(since), revision(until), make)
        return make

    return keep


def _edit(key: tuple[str, str], clause: str, change: Callable[[Row], Row]) -> None:
    """Change those rows of a table that implement the clause."""
    table = model.TABLES[key]
    assert any(row.clause == clause for row in table), clause
    model.TABLES[key] = tuple(change(r) if r.clause == clause else r for r in table)


@_mistake("SET_PMU is for one vCPU, not for its VM", "set-pmu.vm-wide")
def _per_vcpu() -> None:
    _edit(SET, "set-pmu.vm-wide", lambda row: row._replace(effect=pmu_attr._take_for_vcpu))
    _edit(RUN, "set-pmu.fail-entry", lambda row: row._replace(when=run._outside_vcpu_mask))


def _restricting(take: Effect) -> Effect:
    def taken(c: Context) -> None:
        take(c)
        pmu = c.vm.pmu
        c.set_vm(supported_cpus=pmu and pmu.cpus)

    return taken


_TAKES = (pmu_list.take_first, pmu_list.take_callers)


@_mistake("a default PMU restricts where the VM runs", "default-pmu.never-restricts")
def _default_restricts() -> None:
    for key, table in model.TABLES.items():
        model.TABLES[key] = tuple(
            row._replace(effect=_restricting(row.effect))
            if row.effect is not None and row.effect in _TAKES
            else row
            for row in table
        )


@_mistake("a failed entry does not count as a run", "set-pmu.failed-entry-is-run")
def _failed_entry_is_no_run() -> None:
    def forgetful(give: Answer) -> Answer:
        def answer(c: Context) -> Outcome:
            outcome = give(c)
            c.set_vm(has_run=False)
            return outcome

        return answer

    _edit(
        RUN,
        "set-pmu.fail-entry",
        lambda row: row._replace(answer=row.answer and forgetful(row.answer)),
    )


@_mistake("once on a wrong CPU, a vCPU fails for good", "set-pmu.repeats", "set-pmu.fail-entry")
def _sticky_flag() -> None:
    def fail(c: Context) -> Outcome:
        outcome = run._fail_entry(c)
        c.set_vcpu(on_unsupported_cpu=True)
        return outcome

    def failing(row: Row) -> Row:
        return row._replace(answer=fail, when=lambda c: row.when(c) or run._flagged(c))

    _edit(RUN, "set-pmu.fail-entry", failing)


@_mistake("after a FILTER, EBUSY for the same PMU as well", "set-pmu.ebusy.filter")
def _busy_for_the_same() -> None:
    _edit(SET, "set-pmu.ebusy.filter", lambda row: row._replace(when=lambda c: bool(c.vm.filters)))


def _of_the_vcpu(row: Row) -> Row:
    return row._replace(when=lambda c: c.vcpu.has_run)


@_mistake("only a vCPU that itself ran refuses SET_PMU", "set-pmu.ebusy.vcpu-ran")
def _own_run_set_pmu() -> None:
    _edit(SET, "set-pmu.ebusy.vcpu-ran", _of_the_vcpu)


@_mistake("only a vCPU that itself ran refuses FILTER", "filter.ebusy.vcpu-ran")
def _own_run_filter() -> None:
    _edit(SET, "filter.ebusy.vcpu-ran", _of_the_vcpu)


@_mistake("SET_PMU takes a place in the list for a type", "set-pmu.set", "set-pmu.enxio")
def _by_place() -> None:
    def by_place(c: Context) -> Pmu | None:
        wanted = pmu_attr._value(c)
        return c.pmus[wanted] if 0 <= wanted < len(c.pmus) else None

    pmu_list.by_type = by_place


@_mistake(
    "the PMUs are in the order opposite to their probes",
    "default-pmu.first-registered",
    since="linux-5.10",
    until="linux-6.2",
)
def _reversed() -> None:
    def last_registered(host: Host) -> Pmu | None:
        return host.pmus[-1] if host.pmus else None

    perf.first_registered = last_registered


@dataclass(frozen=True)
class Famous:
    """One of the mistakes, by name."""

    name: str
    kind: str = BY_HAND
    outward: bool = False

    @property
    def clauses(self) -> frozenset[str]:
        """What it breaks."""
        return MISTAKES[self.name].clauses

    def __str__(self) -> str:
        return f"{BY_HAND}: {self.name}"

    def implied_anyway(self, _: Revision) -> bool:
        """Always: it is in a revision where it can be."""
        return False

    def reached(self, _: Reader) -> bool:
        """Any spec may notice."""
        return True

    def install(self, _: Revision) -> None:
        """Make the mistake."""
        MISTAKES[self.name].make()


def of_hand(wanted: Revision) -> Iterator[Famous]:
    """The mistakes that are possible in that revision."""
    for name, mistake in MISTAKES.items():
        if mistake.since <= wanted <= mistake.until:
            yield Famous(name)
