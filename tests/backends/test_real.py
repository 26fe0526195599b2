"""The real backend, with agents that answer as they are told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from pytest_kvmpmu.backends import real
from pytest_kvmpmu.backends.base import BackendFailure
from pytest_kvmpmu.backends.real import RealBackend
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.host import Host, Pmu
from pytest_kvmpmu.revision import revision
from pytest_kvmpmu.topology import load
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.frame import encode
from pytest_kvmpmu.wire.outcome import Outcome

from ..fakes import FACTS, FakeTarget, describing

CALL = Call.make("KVM_GET_API_VERSION", "kvm", 3)


def done(request: dict[str, Any]) -> Sequence[bytes]:
    """Every call succeeds."""
    return [encode({"outcomes": [[{"ret": 12}] * len(order) for order in request["orders"]]})]


def never(_: dict[str, Any]) -> Sequence[bytes]:
    raise AssertionError("nothing is asked of a host that can't be used")


def refused(**facts: Any) -> UsageProblem:
    """Why a host that is so can't be used."""
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


def test_calls_go_to_a_numbered_world_with_their_bound() -> None:
    target = FakeTarget(describing(done))
    backend = RealBackend(target, 5.0)
    first, second = backend.world(), backend.world()
    assert first.execute([CALL, CALL]) == [Outcome(12)] * 2
    assert second.execute([CALL], until_refused=True) == [Outcome(12)]
    one, two = target.requests[1:]
    assert (one["op"], one["world"], one["seconds"], one["until_refused"]) == (
        "execute",
        1,
        5.0,
        False,
    )
    assert (two["op"], two["world"], two["seconds"], two["until_refused"]) == (
        "execute",
        2,
        5.0,
        True,
    )
    assert (one["calls"], one["orders"]) == ([CALL.to_json()], [[0, 0]])
    assert (two["calls"], two["orders"]) == ([CALL.to_json()], [[0]])
    backend.close()


def test_many_worlds_go_in_one_request() -> None:
    target = FakeTarget(describing(done))
    backend = RealBackend(target, 5.0)
    other = Call.make("KVM_GET_API_VERSION", "kvm", 4)
    backend.world()
    found = backend.apart([[CALL, other], [], [other]])
    assert found == [[Outcome(12)] * 2, [], [Outcome(12)]]
    request = target.requests[-1]
    assert (request["world"], request["calls"], request["orders"]) == (
        2,
        [CALL.to_json(), other.to_json()],
        [[0, 1], [], [1]],
    )
    backend.world().execute([CALL])
    assert target.requests[-1]["world"] == 5
    backend.close()


def test_calls_at_once_are_marked_so() -> None:
    target = FakeTarget(describing(done))
    backend = RealBackend(target, 5.0)
    assert backend.world().race([CALL, CALL]) == [Outcome(12)] * 2
    assert target.requests[-1]["at_once"] is True
    backend.close()


def test_a_request_may_have_a_bound_of_its_own() -> None:
    target = FakeTarget(describing(done))
    backend = RealBackend(target, 5.0)
    backend.world().execute([CALL], seconds=0.5)
    assert target.requests[-1]["seconds"] == 0.5
    backend.close()


def test_a_refused_call_is_an_outcome_like_any_other() -> None:
    answer = [encode({"outcomes": [[{"ret": -1, "errno": "EFAULT"}]]})]
    backend = RealBackend(FakeTarget(describing(lambda _: answer)), 5.0)
    world = backend.world()
    assert [world.execute([CALL]) for _ in range(2)] == [[Outcome(-1, Errno.EFAULT)]] * 2
    backend.close()


def test_calls_after_a_refusal_may_be_left_out_where_that_was_asked() -> None:
    answer = [encode({"outcomes": [[{"ret": 12}, {"ret": -1, "errno": "EBUSY"}]]})]
    backend = RealBackend(FakeTarget(describing(lambda _: answer)), 5.0)
    world = backend.world()
    assert world.execute([CALL] * 3, until_refused=True) == [
        Outcome(12),
        Outcome(-1, Errno.EBUSY),
    ]
    with pytest.raises(BackendFailure, match="the process that issued it ended"):
        world.execute([CALL] * 3)
    backend.close()


# What keeps a host from being used.


@pytest.mark.parametrize("machine", ["x86_64", "riscv64", "armv7l"])
def test_another_architecture_is_named(machine: str) -> None:
    problem = refused(machine=machine)
    assert f"fake is a {machine} host" in problem.cause
    assert "lab:6.12" in problem.remedy


def test_the_architecture_is_looked_at_before_kvm() -> None:
    assert "x86_64" in refused(machine="x86_64", kvm="missing").cause


def test_a_missing_kvm_is_told() -> None:
    problem = refused(kvm="missing")
    assert "fake has no /dev/kvm" in problem.cause
    assert "hypervisor mode" in problem.remedy


@pytest.mark.parametrize(("gid", "named"), [(0, "(root)"), (2**31 - 7, f"(group id {2**31 - 7})")])
def test_a_denied_kvm_is_told_with_the_group_to_join(gid: int, named: str) -> None:
    problem = refused(kvm="denied", why="Permission denied", group=gid)
    assert problem.cause == "/dev/kvm of fake cannot be opened: Permission denied"
    assert named in problem.remedy


def test_a_kernel_without_a_pmu_is_told() -> None:
    problem = refused(pmu_v3=False, pmus=[])
    assert "fake has no PMUv3: KVM_CAP_ARM_PMU_V3 is 0" in problem.cause
    assert "device tree" in problem.remedy


def test_a_board_without_pmus_needs_no_pmuv3() -> None:
    board = Host("bare", (0, 1), ())
    target = FakeTarget(describing(done, pmu_v3=False, pmus=[], cpus=[0, 1]))
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
        ({"cpus": [0, 1, 2, 3]}, "it has CPUs 0-3: armv8_cortex_a53 on 0-3; armv8_cortex_a72 on"),
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


# What can happen to a call.


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        ({"outcomes": [], "crash": "CPU 77 cannot be used here"}, "CPU 3: CPU 77 cannot be used"),
        ({"died": "SIGSEGV"}, "CPU 3: the process that issued it ended (SIGSEGV)"),
        ({"outcomes": []}, "CPU 3: the process that issued it ended"),
    ],
    ids=["crash", "died", "fewer outcomes"],
)
def test_a_call_without_an_outcome_is_a_failure_that_names_it(
    answer: dict[str, Any], says: str
) -> None:
    backend = RealBackend(FakeTarget(describing(lambda _: [encode(answer)])), 1.0)
    with pytest.raises(BackendFailure) as caught:
        backend.world().execute([CALL])
    assert "KVM_GET_API_VERSION on kvm from " + says in str(caught.value)
    backend.close()


@pytest.mark.parametrize(
    "outcomes",
    [7, [7], ["x"], [[7]], [["x"]], [[{}]], [[{"ret": -1, "errno": "EWHAT"}]], {"a": 1}],
    ids=str,
)
def test_outcomes_that_are_none_are_a_failure_and_the_end_of_the_agent(outcomes: object) -> None:
    target = FakeTarget(describing(lambda _: [encode({"outcomes": outcomes})]))
    backend = RealBackend(target, 1.0)
    with pytest.raises(BackendFailure, match="fake: an answer of no meaning"):
        backend.world().execute([CALL])
    assert target.closed == 1


@pytest.mark.parametrize(
    "outcomes", [[[{"ret": 0}] * 2], [[{"ret": 0}], []]], ids=["calls", "worlds"]
)
def test_more_outcomes_than_calls_are_a_failure(outcomes: object) -> None:
    target = FakeTarget(describing(lambda _: [encode({"outcomes": outcomes})]))
    backend = RealBackend(target, 1.0)
    with pytest.raises(BackendFailure, match="fake: more outcomes than calls"):
        backend.world().execute([CALL])
    assert target.closed == 1


def test_the_first_call_without_an_outcome_is_the_one_named() -> None:
    calls = [CALL, Call.make("KVM_CREATE_VM", "kvm", 0, "vm0"), CALL]
    answer = [encode({"outcomes": [[{"ret": 12}]], "crash": "no"})]
    backend = RealBackend(FakeTarget(describing(lambda _: answer)), 1.0)
    with pytest.raises(BackendFailure, match=r"^KVM_CREATE_VM on kvm from CPU 0: no"):
        backend.world().execute(calls)
    backend.close()


@pytest.mark.parametrize(("count", "more"), [(1, ""), (3, r" \(or one of the 2 before it\)")])
def test_a_call_that_hangs_is_named_with_its_bound(
    count: int, more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(real, "_GRACE", 0.02)
    target = FakeTarget(describing(lambda _: [b"rcu: stall\n"]))
    backend = RealBackend(target, 0.01)
    with pytest.raises(
        BackendFailure,
        match=rf"from CPU 3{more} did not return within 0.01 s and could not be interrupted",
    ) as caught:
        backend.world().execute([CALL] * count)
    assert "rcu: stall" in str(caught.value)
    assert target.closed == 1


def test_after_a_failure_the_world_is_lost_and_the_next_one_connects_again() -> None:
    good = encode({"outcomes": [[{"ret": 12}]]})
    replies: Iterator[list[bytes | None]] = iter([[None], [good], [good]])
    target = FakeTarget(describing(lambda _: next(replies)))
    backend = RealBackend(target, 1.0)
    world = backend.world()
    with pytest.raises(BackendFailure, match="fake: the agent has ended"):
        world.execute([CALL])
    with pytest.raises(BackendFailure, match="this world ended with an earlier call"):
        world.execute([CALL])
    assert backend.world().execute([CALL]) == [Outcome(12)]
    assert target.links == 2
    backend.close()


def test_an_answer_that_comes_after_a_death_is_not_taken_for_the_next_ones() -> None:
    # The serving process died between two requests, and its successor answers both.
    late, right = encode({"outcomes": [[{"ret": 1}]]}), encode({"outcomes": [[{"ret": 2}]]})
    replies = iter([[encode({"died": "SIGKILL"}), late], [right]])
    backend = RealBackend(FakeTarget(describing(lambda _: next(replies))), 1.0)
    with pytest.raises(BackendFailure, match="ended"):
        backend.world().execute([CALL])
    assert backend.world().execute([CALL]) == [Outcome(2)]
    backend.close()


def test_closing_twice_closes_once() -> None:
    target = FakeTarget(describing(done))
    backend = RealBackend(target, 1.0)
    backend.close()
    backend.close()
    assert target.closed == 1
