"""Backends that break one promise each: the model, with something wrong about it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pytest_kvmpmu.backends.model import ModelBackend, ModelWorld
from pytest_kvmpmu.data import topology
from pytest_kvmpmu.errors import BackendFailure
from pytest_kvmpmu.kvm import KvmError
from pytest_kvmpmu.wire.call import Call
from pytest_kvmpmu.wire.outcome import Outcome

Calls = Sequence[Call]


class Whole(ModelBackend):
    """The model of a RockPro64, with a class attribute for its world's class."""

    world_class: type[ModelWorld] = ModelWorld

    def __init__(self) -> None:
        super().__init__(topology.load("rockpro64"))

    def world(self) -> ModelWorld:
        return self.world_class(self)


def facts(**values: Any) -> Callable[[], Whole]:
    """Wrong values in its attributes."""

    def make() -> Whole:
        made = Whole()
        vars(made).update(values)
        return made

    return make


def on_world(execute: Callable[..., Any]) -> Callable[[], Whole]:
    """``execute(world, calls, until_refused)`` in place of the model's."""

    class World(ModelWorld):
        def execute(
            self, calls: Calls, until_refused: bool = False, seconds: float | None = None
        ) -> Any:
            del seconds
            return execute(super(), calls, until_refused)

    class Odd(Whole):
        world_class = World

    return Odd


def each(change: Callable[[Call, Outcome], Any]) -> Callable[[], Whole]:
    """Outcomes changed one by one."""

    def execute(world: Any, calls: Calls, until_refused: bool) -> Any:
        outcomes = world.execute(calls, until_refused)
        return [change(call, outcome) for call, outcome in zip(calls, outcomes, strict=False)]

    return on_world(execute)


def refused_raises(call: Call, outcome: Outcome) -> Outcome:
    if outcome.errno and call.ioctl == "KVM_GET_API_VERSION":
        raise KvmError(call, outcome)
    return outcome


def refused_as_negative(call: Call, outcome: Outcome) -> Outcome:
    wrong = outcome.errno and call.ioctl == "KVM_GET_API_VERSION"
    return Outcome(-(outcome.errno or 0)) if wrong else outcome


def without_errno(call: Call, outcome: Outcome) -> Outcome:
    return replace(outcome, errno=None) if call.ioctl == "KVM_RUN" else outcome


def without_out(_: Call, outcome: Outcome) -> Outcome:
    return replace(outcome, out=None)


def without_exit(_: Call, outcome: Outcome) -> Outcome:
    return outcome if outcome.timed_out else replace(outcome, exit=None)


def unmarked(_: Call, outcome: Outcome) -> Outcome:
    return replace(outcome, timed_out=False)


def hang_is_a_failure(_: Call, outcome: Outcome) -> Outcome:
    if outcome.timed_out:
        raise BackendFailure("it hung")
    return outcome


def no_json(call: Call, outcome: Outcome) -> Outcome:
    return replace(outcome, out={"raw": b"12"}) if call.ioctl == "KVM_RUN" else outcome


def as_dicts(_: Call, outcome: Outcome) -> dict[str, Any]:
    return outcome.to_json()


def last_first(world: Any, calls: Calls, until_refused: bool) -> Any:
    outcomes = world.execute(calls, until_refused)
    return outcomes if until_refused else outcomes[::-1]


def drops_the_last(world: Any, calls: Calls, until_refused: bool) -> Any:
    return world.execute(calls, until_refused)[: max(1, len(calls) - 1)]


def always_stops(world: Any, calls: Calls, until_refused: bool) -> Any:
    del until_refused
    return world.execute(calls, True)


def never_stops(world: Any, calls: Calls, until_refused: bool) -> Any:
    del until_refused
    return world.execute(calls)


def leaves_the_refused_out(world: Any, calls: Calls, until_refused: bool) -> Any:
    outcomes = world.execute(calls, until_refused)
    return [o for o in outcomes if o.ret >= 0] if until_refused else outcomes


def none_for_nothing(world: Any, calls: Calls, until_refused: bool) -> Any:
    return world.execute(calls, until_refused) if calls else None


def any_cpu_will_do(world: Any, calls: Calls, until_refused: bool) -> Any:
    return world.execute([replace(c, cpu=min(c.cpu, 5)) for c in calls], until_refused)


def absent_cpu_is_an_assertion(world: Any, calls: Calls, until_refused: bool) -> Any:
    assert all(call.cpu < 6 for call in calls), "no such CPU"
    return world.execute(calls, until_refused)


def first_cpu_only(world: Any, calls: Calls, until_refused: bool) -> Any:
    if any(call.cpu for call in calls):
        raise BackendFailure("the backend has one CPU")
    return world.execute(calls, until_refused)


class OneWorld(Whole):
    """Each world is the first one."""

    _only: ModelWorld | None = None

    def world(self) -> ModelWorld:
        self._only = self._only or super().world()
        return self._only

    def apart(self, sequences: Sequence[Calls], seconds: float | None = None) -> Any:
        return [ModelWorld(self).execute(calls, seconds=seconds) for calls in sequences]


class Forgetful(Whole):
    """Each request has a new world."""

    class world_class(ModelWorld):  # noqa: N801  # it takes the place of an attribute
        def execute(self, calls: Calls, *args: Any, **kwargs: Any) -> list[Outcome]:
            if calls and calls[0].ioctl == "KVM_CREATE_VCPU":
                self._place = self._backend._start
            return super().execute(calls, *args, **kwargs)


class RaceInAnyOrder(Whole):
    class world_class(ModelWorld):  # noqa: N801  # it takes the place of an attribute
        def race(self, calls: Calls, seconds: float | None = None) -> list[Outcome]:
            return sorted(super().race(calls, seconds), key=lambda outcome: outcome.ret)


class RaceWithoutBound(Whole):
    class world_class(ModelWorld):  # noqa: N801  # it takes the place of an attribute
        def race(self, calls: Calls) -> Any:  # type: ignore[override]  # that is what is wrong
            return super().race(calls)


class ApartInOneWorld(Whole):
    def apart(self, sequences: Sequence[Calls], seconds: float | None = None) -> Any:
        world = self.world()
        return [world.execute(calls, seconds=seconds) for calls in sequences]


class ApartInOneList(Whole):
    def apart(self, sequences: Sequence[Calls], seconds: float | None = None) -> Any:
        return [outcome for found in super().apart(sequences, seconds) for outcome in found]


class ApartLazily(Whole):
    def apart(self, sequences: Sequence[Calls], seconds: float | None = None) -> Any:
        return iter(super().apart(sequences, seconds))


class LostAfterAFailure(Whole):
    _lost = False

    def world(self) -> ModelWorld:
        if self._lost:
            raise BackendFailure("gone")
        return super().world()

    class world_class(ModelWorld):  # noqa: N801  # it takes the place of an attribute
        def execute(self, calls: Calls, *args: Any, **kwargs: Any) -> list[Outcome]:
            try:
                return super().execute(calls, *args, **kwargs)
            except BackendFailure:
                vars(self._backend)["_lost"] = True
                raise


class CloseFails(Whole):
    def close(self) -> None:
        raise RuntimeError("it is stuck")


class CloseOnceOnly(Whole):
    _closed = False

    def close(self) -> None:
        if self._closed:
            raise RuntimeError("it was closed")
        self._closed = True


class Leaves(Whole):
    """Leaks what ``take`` takes; `let_go` releases it after the test."""

    taken: ClassVar[list[Callable[[], object]]] = []

    def __init__(self, take: Callable[[], Callable[[], object]]) -> None:
        super().__init__()
        self.taken.append(take())

    @classmethod
    def let_go(cls) -> None:
        while cls.taken:
            cls.taken.pop()()


def a_thread() -> Callable[[], object]:
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="forgotten")
    thread.start()

    def let_go() -> None:
        end.set()
        thread.join()

    return let_go


def a_file() -> Callable[[], object]:
    fd = os.open(os.devnull, os.O_RDONLY)
    return lambda: os.close(fd)


def a_process() -> Callable[[], object]:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)

    def end() -> None:
        process.communicate()

    return end


def wrong_hosts() -> Iterator[tuple[str, object]]:
    """Impossible hosts, each with a part of the error message."""
    host = topology.load("rockpro64")
    little, big = host.pmus
    yield "not a Host", "rockpro64"
    yield "not ascending numbers", replace(host, cpus=())
    yield "not ascending numbers", replace(host, cpus=(0, 0, 1))
    yield "not ascending numbers", replace(host, cpus=(1, 0))
    yield "the same type", replace(host, pmus=(little, replace(big, type=little.type)))
    yield "the same name", replace(host, pmus=(little, replace(big, name=little.name)))
    yield "a CPU in common", replace(host, pmus=(little, replace(big, cpus=little.cpus)))
