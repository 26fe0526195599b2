"""A session: Calls issued in one world, the names of the objects they make, and their Outcomes.

Not for: what the calls mean (the handles in `kvm`).
"""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ..backends.base import World
from ..data.gic import DEFAULT, GICS
from ..data.host import USUAL_IPA_BITS, Host
from ..uapi.errno import MESSAGES, Errno
from ..uapi.errno import name as errno_name
from ..wire.call import Call
from ..wire.outcome import Outcome


class KvmError(Exception):
    """An ioctl that returned -1.  ``errno`` is Linux's number, ``call`` the Call."""

    def __init__(self, call: Call, outcome: Outcome) -> None:
        super().__init__(call, outcome)
        self.call = call
        self.outcome = outcome
        number = outcome.errno or 0
        self.errno: int = Errno(number) if number in MESSAGES else number

    # Made only when read: most refusals are expected by a spec, and nobody reads their text.
    def __str__(self) -> str:
        said = f" ({MESSAGES[self.errno]})" if isinstance(self.errno, Errno) else ""
        return f"{_named(self.call)}: {errno_name(self.errno)}{said}"


class CallHung(Exception):
    """A call that did not return in time and was interrupted."""


def _named(call: Call) -> str:
    attr = call.to_json().get("attr")
    what = call.ioctl if attr is None else f"{call.ioctl}({attr})"
    return f"{what} on {call.on} from CPU {call.cpu}"


class Session:
    """Issues Calls in one world, names the objects they make, records them with their Outcomes.

    ``gic`` is the kind of vGIC that VMs get, None where ``host`` has none; ``vm_type`` the type
    that KVM_CREATE_VM takes for the largest VM of up to 40 bits.
    """

    def __init__(self, world: World, host: Host | None = None) -> None:
        gics = host.gics if host else (DEFAULT,)
        self.gic = GICS[gics[0]] if gics else None
        self.vm_type = host.ipa_bits if host and host.ipa_bits < USUAL_IPA_BITS else 0
        self._world = world
        self._made: defaultdict[str, int] = defaultdict(int)
        self._waiting: list[Call] | None = None
        self.record: list[tuple[Call, Outcome | None]] = []

    def name(self, kind: str) -> str:
        """The next free name for an object of that kind."""
        self._made[kind] += 1
        return f"{kind}{self._made[kind] - 1}"

    def issue(self, call: Call, seconds: float | None = None) -> Outcome:
        """The Outcome of ``call``.  Raises `KvmError` if it returns -1, `CallHung` if it was
        interrupted.  Calls that wait in a `batch` are issued first.
        """
        calls = [*(self._waiting or ()), call]
        if self._waiting is not None:
            self._waiting = []
        return self._issue(calls, seconds)

    def race(self, calls: Sequence[Call]) -> list[Outcome]:
        """The Outcomes of ``calls``, issued at once, each by its own thread.  Not for KVM_RUN.

        A refusal does not raise.  The record has the calls one after the other.
        """
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            self._issue(waiting)
        first = len(self.record)
        self.record += [(call, None) for call in calls]
        outcomes = self._world.race(calls)
        self.record[first:] = zip(calls, outcomes, strict=True)
        return outcomes

    def defer(self, call: Call) -> None:
        """Issue ``call``, whose Outcome is not needed; within a `batch`, later."""
        if self._waiting is None:
            self._issue([call])
        else:
            self._waiting.append(call)

    @contextlib.contextmanager
    def batch(self) -> Iterator[None]:
        """Collect calls and issue them together, which saves round trips on a slow target.

        They are issued in order, up to the first refusal; that is raised at the end of the
        batch, or at the first call in it whose result is needed.
        """
        if self._waiting is not None:
            yield
            return
        self._waiting = []
        try:
            yield
            waiting = self._waiting
        finally:
            self._waiting = None
        if waiting:
            self._issue(waiting)

    def _issue(self, calls: list[Call], seconds: float | None = None) -> Outcome:
        first = len(self.record)
        self.record += [(call, None) for call in calls]
        outcomes = self._world.execute(calls, until_refused=True, seconds=seconds)
        self.record[first:] = zip(calls, outcomes, strict=False)
        call, outcome = self.record[-1]
        assert outcome is not None  # execute() returns at least one
        if outcome.timed_out:
            raise CallHung(f"{_named(call)} did not return in time and was interrupted")
        if outcome.ret < 0:
            raise KvmError(call, outcome)
        return outcome
