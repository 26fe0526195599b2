"""Calls on the real backend, with scripted agents."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_kvmpmu.backends import real
from pytest_kvmpmu.backends.real import RealBackend
from pytest_kvmpmu.errors import BackendFailure
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.frame import encode
from pytest_kvmpmu.wire.outcome import Outcome

from ..fakes import FakeTarget, describing, done

CALL = Call.make("KVM_GET_API_VERSION", "kvm", 3)


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
    assert (one["first"], one["calls"], one["orders"]) == (0, [CALL.to_json()], [[0, 0]])
    assert (two["first"], two["calls"], two["orders"]) == (1, [], [[0]])
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


# Why a host can't be used.


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
    with pytest.raises(BackendFailure, match="fake: a malformed answer"):
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
