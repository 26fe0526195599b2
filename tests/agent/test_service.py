"""The agent's processes and threads, with worlds that have no kernel."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.link.link import Link, LinkLost, NoAnswer
from pytest_kvmpmu.support.resources import PACKAGE
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.outcome import Outcome

from .fake_agent import BUG, CANNOT, CLOSED, CRASH, DONE, HANG, LEAVE, RUN, SAY, SLEEP, THREAD

TIMEOUT = 20.0


class Agent:
    """A running fake agent."""

    def __init__(self, payloads: Path, measured: bool = True) -> None:
        # A killed process leaves an incomplete coverage file.
        env = {k: v for k, v in os.environ.items() if measured or not k.startswith("COVERAGE_")}
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("fake_agent.py"), payloads],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**env, "PYTHONPATH": str(PACKAGE.parent)},
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin = self.process.stdin
        self.link = Link.on(self.process.stdout.fileno(), self.stdin.fileno(), self.process.kill)
        self.link.greet(TIMEOUT)

    def execute(
        self,
        *calls: int,
        world: int = 1,
        seconds: float = 5.0,
        timeout: float = TIMEOUT,
        **more: bool,
    ) -> dict[str, Any]:
        """The agent's answer to a request with those calls, as one list of outcomes."""
        answer = self.worlds(calls, world=world, seconds=seconds, timeout=timeout, **more)
        if answer.get("outcomes"):
            (answer["outcomes"],) = answer["outcomes"]
        return answer

    def worlds(
        self,
        *orders: Sequence[int],
        world: int = 1,
        seconds: float = 5.0,
        timeout: float = TIMEOUT,
        **more: bool,
    ) -> dict[str, Any]:
        """The agent's answer to a request with several worlds, each with its own calls."""
        different = list(dict.fromkeys(itertools.chain.from_iterable(orders)))
        body = {
            "op": "execute",
            "world": world,
            "calls": [
                {"call": "KVM_CHECK_EXTENSION", "on": "kvm", "cpu": 0, "cap": number}
                for number in different
            ],
            "orders": [[different.index(number) for number in order] for order in orders],
            "seconds": seconds,
        }
        return self.link.request({**body, **more}, timeout)


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[Callable[..., Agent]]:
    """Starts fake agents; ends them."""
    made: list[Agent] = []

    def start(payloads: Path = tmp_path, measured: bool = True) -> Agent:
        made.append(Agent(payloads, measured))
        return made[-1]

    yield start
    for agent in made:
        with contextlib.suppress(BrokenPipeError), agent.process:
            agent.stdin.close()
            agent.process.wait(TIMEOUT)


@pytest.fixture
def agent(agents: Callable[..., Agent]) -> Agent:
    return agents()


def rets(answer: dict[str, Any]) -> list[int]:
    return [outcome["ret"] for outcome in answer["outcomes"]]


def cap(number: int) -> dict[str, Any]:
    return {"call": "KVM_CHECK_EXTENSION", "on": "kvm", "cpu": 0, "cap": number}


def numbered(first: int, calls: list[dict[str, Any]], order: list[int]) -> dict[str, Any]:
    return {
        "op": "execute",
        "world": 1,
        "first": first,
        "calls": calls,
        "orders": [order],
        "seconds": 5.0,
    }


def test_a_call_that_was_sent_is_a_number_in_later_requests(agent: Agent) -> None:
    agent.link.request(numbered(0, [cap(DONE), cap(THREAD)], [0]), TIMEOUT)
    answer = agent.link.request(numbered(2, [cap(DONE)], [2, 1]), TIMEOUT)
    (outcomes,) = answer["outcomes"]
    assert outcomes[0] == {"ret": 0}
    assert outcomes[1]["ret"] > 0  # the number of a thread
    forgotten = agent.link.request(numbered(0, [cap(DONE)], [1]), TIMEOUT)
    assert "IndexError" in forgotten["crash"]


def test_a_gap_in_the_numbers_is_refused(agent: Agent) -> None:
    with pytest.raises(LinkLost, match="calls from 0 on were never sent"):
        agent.link.request(numbered(7, [], [0]), TIMEOUT)


def test_a_ping_is_answered(agent: Agent) -> None:
    assert agent.link.request({"op": "ping"}, TIMEOUT) == {"ok": {}}


def test_describe_tells_of_this_machine(agent: Agent) -> None:
    found = agent.link.request({"op": "describe"}, TIMEOUT)["ok"]
    assert found["release"] == os.uname().release
    assert found["cpus"] == sorted(os.sched_getaffinity(0))


def test_describe_tells_the_processs_cpus_and_not_the_threads(agent: Agent) -> None:
    agent.execute(DONE)
    assert agent.link.request({"op": "describe"}, TIMEOUT)["ok"]["cpus"] == sorted(
        os.sched_getaffinity(0)
    )


def test_the_machine_is_looked_at_once(agent: Agent) -> None:
    for _ in range(2):
        assert agent.link.request({"op": "describe"}, TIMEOUT)["ok"]["looks"] == 1


def test_an_unknown_request_is_an_error_and_no_end(agent: Agent) -> None:
    with pytest.raises(LinkLost, match="refused a request: unknown op 'dance'"):
        agent.link.request({"op": "dance"}, TIMEOUT)
    assert agent.link.request({"op": "ping"}, TIMEOUT) == {"ok": {}}


def test_all_calls_of_a_request_are_answered_in_order(agent: Agent) -> None:
    answer = agent.execute(DONE, CLOSED, DONE)
    assert answer == {"outcomes": [{"ret": 0}] * 3}


def test_a_world_stays_through_requests_and_is_closed_by_the_next(agent: Agent) -> None:
    first = [agent.execute(CLOSED, THREAD, world=1) for _ in range(2)]
    assert [rets(answer)[0] for answer in first] == [0, 0]
    second = agent.execute(CLOSED, THREAD, world=2)
    assert rets(second)[0] == 1
    assert rets(first[0])[1] == rets(first[1])[1]


def test_a_request_may_bring_orders_for_several_worlds(agent: Agent) -> None:
    agent.execute(DONE, world=1)
    answer = agent.worlds([CLOSED], [CLOSED, DONE], [], [CLOSED], world=1)
    assert [[outcome["ret"] for outcome in each] for each in answer["outcomes"]] == [
        [0],
        [1, 0],
        [],
        [3],
    ]
    assert rets(agent.execute(CLOSED, world=4)) == [3]


def test_a_world_that_ran_a_guest_ends_with_its_thread(agent: Agent) -> None:
    quiet, same, other = agent.worlds([THREAD], [RUN, THREAD], [THREAD])["outcomes"]
    assert quiet[0] == same[1]
    assert other[0] != same[1]


def test_an_order_that_breaks_off_leaves_the_later_worlds_out(agent: Agent) -> None:
    answer = agent.worlds([DONE], [DONE, CANNOT, DONE], [DONE])
    assert answer["outcomes"] == [[{"ret": 0}], [{"ret": 0}]]
    assert answer["crash"] == "CPU 77 cannot be used here"
    assert rets(agent.execute(CLOSED, world=2)) == [1]


def test_calls_at_once_are_left_to_the_world(agent: Agent) -> None:
    assert rets(agent.execute(CLOSED, RUN, THREAD, at_once=True))[-1] == 0  # it had them reversed


def test_other_requests_leave_the_world_alone(agent: Agent) -> None:
    agent.execute(DONE)
    agent.link.request({"op": "ping"}, TIMEOUT)
    assert rets(agent.execute(CLOSED)) == [0]


@pytest.mark.parametrize(
    ("what", "says"),
    [
        (CANNOT, "CPU 77 cannot be used here"),
        (BUG, "RuntimeError: a bug in the agent"),
        (2**63, "BadCall"),
    ],
    ids=["cannot issue", "bug", "no call"],
)
def test_a_call_that_can_not_be_made_ends_the_request_with_a_reason(
    what: int, says: str, agent: Agent
) -> None:
    answer = agent.execute(DONE, what if what != 2**63 else -1, DONE)
    assert rets(answer) == [0]
    assert says in answer["crash"]
    assert rets(agent.execute(DONE)) == [0]


def test_a_reason_of_our_own_is_a_sentence_and_no_traceback(agent: Agent) -> None:
    assert agent.execute(CANNOT)["crash"] == "CPU 77 cannot be used here"


def test_a_world_that_can_not_be_made_is_told(agents: Callable[..., Agent]) -> None:
    agent = agents(Path("absent"))
    for number in (1, 1, 2):
        answer = agent.execute(DONE, world=number)
        assert answer["outcomes"] == []
        assert "FileNotFoundError: no absent" in answer["crash"]


@pytest.mark.parametrize(("what", "how"), [(CRASH, "SIGSEGV"), (LEAVE, "exit status 3")])
def test_the_serving_processs_end_is_told_and_the_next_one_serves(
    what: int, how: str, agents: Callable[..., Agent]
) -> None:
    agent = agents(measured=what == LEAVE)
    assert agent.execute(DONE, what) == {"died": how}
    assert rets(agent.execute(CLOSED, world=2)) == [0]
    assert agent.link.request({"op": "ping"}, TIMEOUT) == {"ok": {}}


def test_a_call_that_sleeps_is_interrupted_in_the_worlds_thread(agent: Agent) -> None:
    began = time.monotonic()
    (outcome,) = agent.execute(SLEEP, seconds=0.1)["outcomes"]
    assert Outcome.from_json(outcome) == Outcome(-1, Errno.EINTR, timed_out=True)
    assert time.monotonic() - began < TIMEOUT
    assert rets(agent.execute(SLEEP, DONE, seconds=0.1)) == [-1, 0]
    assert rets(agent.execute(SLEEP, DONE, seconds=0.1, world=2)) == [-1, 0]


def test_calls_after_a_refusal_are_left_out_where_that_is_asked(agent: Agent) -> None:
    assert rets(agent.execute(DONE, SLEEP, DONE, seconds=0.05, until_refused=True)) == [0, -1]
    assert rets(agent.execute(DONE, SLEEP, DONE, seconds=0.05)) == [0, -1, 0]


def test_a_call_that_hangs_is_no_answer(agents: Callable[..., Agent]) -> None:
    agent = agents(measured=False)
    with pytest.raises(NoAnswer, match="the agent does not answer"):
        agent.execute(HANG, timeout=0.3)
    assert agent.process.wait(TIMEOUT) != 0


def test_the_kernels_words_between_answers_are_passed_over(agent: Agent) -> None:
    assert rets(agent.execute(SAY, DONE)) == [0, 0]


def test_the_agent_ends_with_its_input(agent: Agent) -> None:
    agent.execute(DONE)
    agent.stdin.close()
    assert agent.process.wait(TIMEOUT) == 0


def test_an_agent_that_never_had_a_request_ends_with_its_input(agent: Agent) -> None:
    agent.stdin.close()
    assert agent.process.wait(TIMEOUT) == 0
