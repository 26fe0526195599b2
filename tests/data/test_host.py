"""Hosts as data, and the kernel's CPU list format."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kvmpmu.data.host import Host, Pmu, format_cpus, parse_cpus

LITTLE = Pmu("little", 8, frozenset({0, 1}), 6)
BIG = Pmu("big", 9, frozenset({2}), 6)


@pytest.mark.parametrize(
    ("cpus", "text"),
    [
        (frozenset(), ""),
        (frozenset({0}), "0"),
        (frozenset({0, 1}), "0-1"),
        (frozenset({0, 1, 2, 3, 5}), "0-3,5"),
        (frozenset({7, 3, 5}), "3,5,7"),
        (frozenset({9, 10, 0}), "0,9-10"),
    ],
)
def test_cpus_are_written_in_the_kernels_list_format(cpus: frozenset[int], text: str) -> None:
    assert format_cpus(cpus) == text


@given(st.frozensets(st.integers(0, 600)))
def test_a_cpu_list_is_read_back_as_the_same_cpus(cpus: frozenset[int]) -> None:
    assert parse_cpus(format_cpus(cpus)) == cpus


@pytest.mark.parametrize(
    ("text", "cpus"),
    [("0-3\n", {0, 1, 2, 3}), (" 4 ", {4}), ("", set()), ("\n", set()), ("2,2,1-2", {1, 2})],
)
def test_a_cpu_list_is_read_as_sysfs_writes_it(text: str, cpus: set[int]) -> None:
    assert parse_cpus(text) == cpus


@pytest.mark.parametrize("text", ["x", "3-1", "0-", "-1", "0,,1", ",", "0-1-2", "1.5", "0x1"])
def test_what_is_no_cpu_list_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_cpus(text)


OFF = Pmu("off", 10, frozenset(), offline=frozenset({3}))


def test_a_pmu_none_of_whose_cpus_is_usable_stays_a_pmu() -> None:
    host = Host("h", (0, 1, 2), (LITTLE, OFF), offline=frozenset({3}))
    assert host.usable_pmus == (LITTLE,)
    assert host.present == {0, 1, 2, 3}
    assert OFF.covers == {3}
    assert host.booted() == host


@pytest.mark.parametrize(
    ("maxcpus", "registered"), [(1, (LITTLE,)), (2, (LITTLE,)), (3, (LITTLE, BIG))]
)
def test_a_pmu_whose_cpus_were_all_offline_at_boot_does_not_register(
    maxcpus: int, registered: tuple[Pmu, ...]
) -> None:
    host = Host("h", (0,), (LITTLE, BIG), maxcpus=maxcpus)
    assert host.booted().pmus == registered


@pytest.mark.parametrize(("cpu", "pmu"), [(0, LITTLE), (1, LITTLE), (2, BIG), (3, None)])
def test_a_cpus_pmu_is_the_one_that_covers_it(cpu: int, pmu: Pmu | None) -> None:
    assert Host("h", (0, 1, 2, 3), (LITTLE, BIG)).pmu_of(cpu) == pmu
