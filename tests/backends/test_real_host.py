"""Which hosts the real backend accepts, and its errors for the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pytest_kvmpmu.backends.real import RealBackend
from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.data.revision import revision
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.errors import UsageProblem

from ..fakes import FACTS, FakeTarget, describing, done


def never(_: dict[str, Any]) -> Sequence[bytes]:
    raise AssertionError("nothing is asked of a host that can't be used")


def refused(**facts: Any) -> UsageProblem:
    """Why such a host can't be used."""
    target = FakeTarget(describing(never, **facts))
    with pytest.raises(UsageProblem) as caught:
        RealBackend(target, 1.0)
    assert target.closed == target.links == 1
    return caught.value


def test_the_host_is_what_the_agent_found() -> None:
    backend = RealBackend(FakeTarget(describing(done)), 5.0)
    assert backend.host == Host(
        "this host",
        (0, 1, 2, 3, 4, 5),
        (
            Pmu("armv8_cortex_a53", 9, frozenset({0, 1, 2, 3})),
            Pmu("armv8_cortex_a72", 10, frozenset({4, 5})),
        ),
    )
    assert (backend.release, str(backend.revision)) == ("6.12.0-test", str(revision("linux-6.7")))
    assert (backend.name, backend.notes) == ("real", ())
    backend.close()


def test_a_board_without_pmus_needs_no_pmuv3() -> None:
    board = Host("bare", (0, 1), ())
    target = FakeTarget(describing(done, pmu_v3=False, pmus=[], cpus=[0, 1], present="0-1"))
    backend = RealBackend(target, 1.0, board=board)
    assert backend.host == board
    backend.close()


def test_a_kernel_older_than_the_suite_is_told() -> None:
    assert "kernel 4.19.0 is older than linux-5.10" in refused(release="4.19.0").cause


def test_another_revision_may_be_expected() -> None:
    backend = RealBackend(FakeTarget(describing(done)), 1.0, kernel="5.10")
    assert str(backend.revision) == "linux-5.10"
    assert backend.release == "6.12.0-test"
    backend.close()


def test_a_release_that_is_newer_than_any_checked_is_noted() -> None:
    backend = RealBackend(FakeTarget(describing(done, release="99.0")), 1.0)
    assert backend.notes[0].startswith("kernel 99.0 is newer than ")
    backend.close()


def test_a_board_that_fits_lends_its_name() -> None:
    board = load("rockpro64")
    backend = RealBackend(FakeTarget(describing(done)), 1.0, board=board)
    assert (backend.host.name, backend.host.description) == (board.name, board.description)
    assert [pmu.type for pmu in backend.host.pmus] == [9, 10]
    backend.close()


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        (
            {"cpus": [0, 1, 2, 3], "present": "0-3"},
            "it has CPUs 0-3: armv8_cortex_a53 on 0-3; armv8_cortex_a72 on",
        ),
        ({"pmus": []}, "it has CPUs 0-5: no PMU"),
        ({"pmus": FACTS["pmus"][::-1]}, "armv8_cortex_a72 on 4-5; armv8_cortex_a53 on 0-3"),
    ],
    ids=["fewer CPUs", "no PMU", "swapped"],
)
def test_a_host_that_is_not_the_board_is_sketched_beside_it(
    facts: dict[str, Any], says: str
) -> None:
    target = FakeTarget(describing(never, **facts))
    with pytest.raises(UsageProblem) as caught:
        RealBackend(target, 1.0, board=load("rockpro64"))
    assert target.closed == 1
    assert "this host is not rockpro64" in caught.value.cause
    assert says in caught.value.cause
    assert "rockpro64 has CPUs 0-5: armv8_cortex_a53 on 0-3;" in caught.value.remedy
