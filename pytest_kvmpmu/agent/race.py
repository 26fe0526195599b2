"""Calls issued at once, each from its own thread."""

from __future__ import annotations

import threading
from typing import Callable, Sequence, Tuple

from ..wire.outcome import Outcome

# To be done before the start, and the call itself.
Runner = Tuple[Callable[[], None], Callable[[], Outcome]]


def at_once(runners: Sequence[Runner]) -> list[Outcome]:
    """The Outcome of each runner's call, in the order of ``runners``.

    All start when all are ready.  The first exception in a runner is raised after all have ended.
    """
    ready = threading.Barrier(len(runners))
    found: list[Outcome | BaseException | None] = [None] * len(runners)

    def run(lane: int) -> None:
        prepare, call = runners[lane]
        try:
            prepare()
            ready.wait()
            found[lane] = call()
        except BaseException as error:  # it is raised in the thread that asked
            ready.abort()
            found[lane] = error

    threads = [threading.Thread(target=run, args=(lane,)) for lane in range(len(runners))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    broken = [error for error in found if isinstance(error, BaseException)]
    for error in broken:
        if not isinstance(error, threading.BrokenBarrierError):
            raise error
    return [outcome for outcome in found if isinstance(outcome, Outcome)]
