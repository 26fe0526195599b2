"""The lines of a recording: values that survive the round trip through JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_kvmpmu.backends.header import header_of
from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.data import topology
from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.data.revision import revision
from pytest_kvmpmu.recording.form import KEY, BadLine, Header, Step

from ..wire.strategies import calls, outcomes
from .samples import HOST, RUN, VM

PAIRS = st.lists(st.tuples(calls(), outcomes), min_size=1, max_size=3)
BOUNDS = st.none() | st.floats(0.1, 100)


def there_and_back(step: Step) -> Step:
    return Step.from_json(json.loads(json.dumps(step.to_json(1))))


@given(PAIRS, BOUNDS)
def test_a_call_and_calls_at_once_come_back(pairs: Any, seconds: float | None) -> None:
    asked, said = zip(*pairs, strict=True)
    for step in (
        Step(asked[:1], said[:1], seconds=seconds),
        Step(asked, said, at_once=True, seconds=seconds),
        Step(asked, failure="the agent has ended", seconds=seconds),
    ):
        assert there_and_back(step) == step


HOSTS = [
    *map(topology.load, topology.names()),
    Host("none", (0,), (), gics=(), ipa_bits=36),
    Host(
        "half",
        (0,),
        (Pmu("off", 8, frozenset(), offline=frozenset({1})),),
        offline=frozenset({1}),
        maxcpus=1,
    ),
    Host("this host", (0, 2), (Pmu("apple", 11, frozenset({0, 2}), 0, "", 0),), "", 0, True, True),
]


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_a_header_comes_back_with_its_host(host: Host) -> None:
    header = header_of(ModelBackend(HOST), "lab:6.12")._replace(host=host, notes=("a note",))
    assert Header.from_json(json.loads(json.dumps(header.to_json()))) == header


def test_a_release_is_understood_as_it_is_today() -> None:
    header = header_of(ModelBackend(HOST, "6.12.1"))._replace(revision="linux-5.18")
    assert header.kernel is None
    assert header.detected.revision == revision("linux-6.7")


def test_a_revision_that_was_asked_for_stays() -> None:
    backend = ModelBackend(HOST, "series-v2")
    backend.release = "5.16.0"
    header = header_of(backend)
    assert header.kernel == "series-v2"
    assert header.detected.revision == revision("series-v2")


def test_a_release_that_says_nothing_leaves_the_revision() -> None:
    backend = ModelBackend(HOST, "6.1")
    backend.release = "mine"
    assert header_of(backend).detected.revision == revision("linux-6.0")


HEADER = header_of(ModelBackend(HOST)).to_json()
PMU = {"name": "a", "type": 8, "cpus": "0"}


def with_host(**more: Any) -> dict[str, Any]:
    return {**HEADER, "host": {"name": "h", "cpus": "0", "pmus": [], **more}}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({}, "not the header of a recording: the key 'kvmpmu-recording' is missing"),
        ({**HEADER, KEY: 2}, "format 2 is unknown; this version reads 1"),
        ({**HEADER, KEY: True}, "format True is unknown"),
        ({key: inner for key, inner in HEADER.items() if key != "time"}, "'time' is missing"),
        ({**HEADER, "tiem": ""}, "unknown key 'tiem'"),
        ({**HEADER, "release": 6.12}, "release: 6.12 is of the wrong type"),
        ({**HEADER, "release": "mine"}, "unknown kernel revision 'mine'"),
        (with_host(cpus="none"), "cpus: "),
        (with_host(protected=1), "protected: 1 is of the wrong type"),
        (with_host(pmus=["a"]), "pmus: 'a' is not a PMU"),
        (with_host(pmus=[{**PMU, "type": True}]), "type: True is of the wrong type"),
        (with_host(pmus=[{**PMU, "cpus": "3-1"}]), "cpus: '3-1' is not a CPU range"),
    ],
)
def test_what_is_no_header_is_refused(value: dict[str, Any], says: str) -> None:
    with pytest.raises(BadLine) as caught:
        Header.from_json(value)
    assert says in str(caught.value)


STEP = {"world": 1, "call": VM.to_json(), "outcome": {"ret": 0}}


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ({**STEP, "call": {"call": "KVM_NO"}}, "call: a call needs the key 'on'"),
        ({**STEP, "call": RUN.to_json() | {"arg": -1}}, "call: arg"),
        ({**STEP, "call": "KVM_RUN"}, "call: 'KVM_RUN' is of the wrong type"),
        ({**STEP, "outcome": {}}, "outcome: {} is not an outcome"),
        (
            {**STEP, "outcome": {"ret": 0, "more": 1}},
            "outcome: {'ret': 0, 'more': 1} is not an outcome",
        ),
        ({**STEP, "outcome": {"ret": "0"}}, "outcome: {'ret': '0'} is not an outcome"),
        ({**STEP, "outcome": {"ret": -1, "errno": "EWHAT"}}, "outcome: "),
        ({**STEP, "outcome": {"ret": 0, "exit": []}}, "outcome: "),
        ({**STEP, "seconds": "0.3"}, "seconds: '0.3' is of the wrong type"),
        ({**STEP, "why": ""}, "unknown key 'why'"),
        ({"world": 1, "call": VM.to_json()}, "the key 'outcome' is missing"),
        ({"world": 1, "at_once": [1]}, "1 is not a call with its outcome"),
        ({"world": 1, "at_once": [STEP]}, "unknown key 'world'"),
        ({"world": 1, "failure": "gone"}, "the key 'calls' is missing"),
        ({"world": 1, "failure": "gone", "calls": [1]}, "call: a call is a JSON object"),
    ],
)
def test_what_is_no_step_is_refused(value: dict[str, Any], says: str) -> None:
    with pytest.raises(BadLine) as caught:
        Step.from_json(value)
    assert says in str(caught.value)
