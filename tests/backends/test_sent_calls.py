"""Each different call is sent to an agent once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kvmpmu.backends import sent_calls
from pytest_kvmpmu.backends.sent_calls import SentCalls
from pytest_kvmpmu.wire.call import Call

from ..wire.strategies import calls


def cap(number: int) -> Call:
    return Call.make("KVM_CHECK_EXTENSION", "kvm", 0, cap=number)


def test_a_call_is_sent_once_and_is_a_number_from_then_on() -> None:
    sent = SentCalls()
    a, b, c = (cap(number).to_json(names=False) for number in (1, 2, 3))
    assert sent.orders([[cap(1), cap(2), cap(1)], []]) == {
        "first": 0,
        "calls": [a, b],
        "orders": [[0, 1, 0], []],
    }
    assert sent.orders([[cap(3), cap(1)]]) == {"first": 2, "calls": [c], "orders": [[2, 0]]}
    assert sent.orders([[cap(2)]]) == {"first": 3, "calls": [], "orders": [[1]]}


def test_an_agent_forgets_calls_once_it_has_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent_calls, "MOST", 2)
    sent = SentCalls()
    sent.orders([[cap(1), cap(2), cap(3)]])
    again = sent.orders([[cap(3)]])
    assert again == {"first": 0, "calls": [cap(3).to_json(names=False)], "orders": [[0]]}


@given(st.lists(st.lists(calls(), max_size=4), max_size=4))
def test_the_agent_gets_back_the_calls_that_were_meant(sequences: list[list[Call]]) -> None:
    sent, known = SentCalls(), list[Call]()
    for sequence in sequences:
        request = sent.orders([sequence])
        known[request["first"] :] = map(Call.from_json, request["calls"])
        assert [known[number] for number in request["orders"][0]] == sequence
