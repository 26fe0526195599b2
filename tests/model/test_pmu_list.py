"""The core PMUs in KVM's list, by PMU version and mode of the host (contract 3)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.data.host import IMPDEF, Host, Pmu
from pytest_kvmpmu.data.revision import REVISIONS, Revision, revision
from pytest_kvmpmu.kvm import Kvm, KvmError, Session
from pytest_kvmpmu.model import seen_by_kvm
from pytest_kvmpmu.model.pmu_list import BARS, CUT, Bar, listed
from pytest_kvmpmu.spec.catalogue import clauses
from pytest_kvmpmu.uapi.errno import Errno

LITTLE = Pmu("little", 8, frozenset({0, 1}), 6, pmuver=1)
BIG = Pmu("big", 9, frozenset({2}), 6, pmuver=1)
BOARD = Host("board", (0, 1, 2), (LITTLE, BIG), uncovered_pmuver=1)


def spans(host: Host) -> list[tuple[str, tuple[str, ...]]]:
    """The PMUs in the list, by the first revision that lists them."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for wanted in REVISIONS:
        names = tuple(pmu.name for pmu in listed(host, wanted))
        if not found or found[-1][1] != names:
            found.append((wanted.name, names))
    return found


def with_big(pmuver: int | None) -> Host:
    return replace(BOARD, pmus=(LITTLE, replace(BIG, pmuver=pmuver)))


def with_both(pmuver: int) -> Host:
    return replace(BOARD, pmus=(replace(LITTLE, pmuver=pmuver), replace(BIG, pmuver=pmuver)))


@pytest.mark.parametrize(
    "host", [with_both(1), with_both(4), with_both(8), with_big(None)], ids=["1", "4", "8", "?"]
)
def test_every_pmuv3_is_listed_and_so_is_one_of_unknown_version(host: Host) -> None:
    assert spans(host) == [("linux-5.10", ("little", "big"))]


@pytest.mark.parametrize("pmuver", [4, 5, 8])
def test_from_6_6_on_two_versions_of_pmuv3_are_as_bad_as_none(pmuver: int) -> None:
    assert spans(with_big(pmuver)) == [("linux-5.10", ("little", "big")), ("linux-6.6", ())]


@pytest.mark.parametrize("pmuver", [0, IMPDEF])
def test_one_that_is_none_is_left_out_and_from_6_6_on_takes_all_with_it(pmuver: int) -> None:
    assert spans(with_big(pmuver)) == [("linux-5.10", ("little",)), ("linux-6.6", ())]


def test_so_does_a_cpu_that_no_pmu_covers() -> None:
    host = replace(BOARD, cpus=(0, 1, 2, 3), uncovered_pmuver=0)
    assert spans(host) == [("linux-5.10", ("little", "big")), ("linux-6.6", ())]


def test_where_the_registers_trap_6_15_has_a_pmu_all_the_same() -> None:
    host = replace(with_both(IMPDEF), impdef_traps=True)
    assert spans(host) == [("linux-5.10", ()), ("linux-6.15", ("little", "big"))]
    assert spans(replace(with_big(IMPDEF), impdef_traps=True)) == [
        ("linux-5.10", ("little",)),
        ("linux-6.6", ()),
        ("linux-6.15", ("little", "big")),
    ]


@pytest.mark.parametrize("wanted", REVISIONS, ids=str)
def test_there_a_guest_has_one_event_counter(wanted: Revision) -> None:
    host = replace(BOARD, impdef_traps=True)
    counters = {pmu.counters for pmu in listed(host, wanted)}
    assert counters == ({1} if wanted >= revision("linux-6.15") else {6})
    assert clauses()[CUT.clause].since == CUT.since


@pytest.mark.parametrize(
    ("host", "pmuver"),
    [
        (with_both(4), 4),
        (with_both(IMPDEF), IMPDEF),
        (with_big(4), 0),
        (with_big(0), 0),
        (with_big(IMPDEF), 0),
        (with_big(None), None),
        (replace(BOARD, cpus=(0, 1, 2, 3)), 1),
        (replace(BOARD, cpus=(0, 1, 2, 3), uncovered_pmuver=4), 0),
        (replace(BOARD, cpus=(0, 1, 2, 3), uncovered_pmuver=None), None),
    ],
)
def test_the_systems_version_is_that_of_all_cpus_or_none(host: Host, pmuver: int | None) -> None:
    assert host.pmuver == pmuver


@pytest.mark.parametrize("wanted", REVISIONS, ids=str)
@pytest.mark.parametrize("host", [with_big(4), with_big(0), with_both(1)])
def test_what_specs_see_has_the_same_version(host: Host, wanted: Revision) -> None:
    assert seen_by_kvm(host, wanted).pmuver == host.pmuver


def test_in_protected_mode_5_18_has_none() -> None:
    assert spans(replace(BOARD, protected=True)) == [
        ("linux-5.10", ("little", "big")),
        ("linux-5.18", ()),
        ("linux-5.19", ("little", "big")),
    ]


@pytest.mark.parametrize("bar", BARS, ids=lambda bar: bar.clause)
def test_each_rule_cites_a_clause_of_the_same_revisions(bar: Bar) -> None:
    cited = clauses()[bar.clause]
    assert (cited.since, cited.until) == (bar.since, bar.until)


def default_of(host: Host, wanted: Revision, cpu: int) -> int:
    """The errno of the first call that needs a default PMU, 0 for none."""
    kvm = Kvm(Session(ModelBackend(host, wanted.name).world()), "kvm", cpu)
    vcpu = kvm.create_vm().create_vcpu(0)
    try:
        vcpu.init_with_pmu()
        vcpu.set_filter(0, 0, 1)
    except KvmError as error:
        return error.errno
    return 0


@pytest.mark.parametrize(
    ("wanted", "cpu", "errno"),
    [
        # perf chooses the first PMU of the host, listed or not.
        ("linux-5.18", 2, Errno.ENODEV),
        ("linux-5.10", 2, Errno.ENODEV),
        ("series-v3", 2, Errno.ENODEV),
        ("linux-5.19", 2, Errno.ENODEV),
        ("linux-6.2", 2, Errno.ENODEV),
        ("linux-6.4", 2, 0),
        ("linux-6.4", 0, Errno.ENODEV),
        ("linux-6.5", 0, Errno.ENODEV),
        ("linux-6.6", 2, Errno.EINVAL),  # from KVM_ARM_VCPU_INIT: KVM has no PMU
        ("linux-7.3", 2, Errno.EINVAL),
    ],
)
def test_a_default_is_taken_from_the_list(wanted: str, cpu: int, errno: int) -> None:
    host = replace(BOARD, pmus=(replace(LITTLE, pmuver=0), BIG))
    assert default_of(host, revision(wanted), cpu) == errno


@pytest.mark.parametrize(
    ("wanted", "chosen", "last"),
    [
        # The chosen PMU's; from 6.6 on KVM has no PMU on such a host.
        ("linux-5.10", None, 1 << 10),
        ("series-v2", 9, 1 << 10),
        ("series-v3", 9, 1 << 16),
        ("linux-5.18", None, 1 << 10),
        ("linux-5.18", 9, 1 << 16),
        ("linux-6.5", 9, 1 << 16),
    ],
)
def test_the_event_space_is_the_first_or_the_chosen_versions(
    wanted: str, chosen: int | None, last: int
) -> None:
    event_space_is(last, with_big(4), wanted, chosen)


@pytest.mark.parametrize("wanted", ["linux-6.6", "linux-6.15", "linux-7.3"])
@pytest.mark.parametrize(
    ("pmuver", "last"), [(1, 1 << 10), (4, 1 << 16), (8, 1 << 16)], ids=["8.0", "8.1", "8.8"]
)
def test_from_6_6_on_the_event_space_is_the_systems_versions(
    pmuver: int, last: int, wanted: str
) -> None:
    event_space_is(last, with_both(pmuver), wanted)


def test_where_the_registers_trap_the_event_space_is_that_of_armv8_0() -> None:
    event_space_is(1 << 10, replace(with_both(IMPDEF), impdef_traps=True), "linux-6.15")


def event_space_is(last: int, host: Host, wanted: str, chosen: int | None = None) -> None:
    """A filter may end with event ``last`` - 1 and no later."""
    kvm = Kvm(Session(ModelBackend(host, wanted).world()), "kvm", 0)
    vcpu = kvm.create_vm().create_vcpu(0)
    vcpu.init_with_pmu()
    if chosen is not None:
        vcpu.set_pmu(chosen)
    vcpu.set_filter(last - 1, 1, 1)
    with pytest.raises(KvmError) as caught:
        vcpu.set_filter(last - 1, 2, 1)
    assert caught.value.errno == Errno.EINVAL
