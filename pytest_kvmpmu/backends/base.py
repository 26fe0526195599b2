"""The Backend protocol.

A backend is made by a function that may raise `UsageProblem`: whatever keeps it from
working on this machine is found then, not in the middle of a run.

`pytest_kvmpmu.testing.check_backend` holds a backend against what is promised here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ..data.host import Host
from ..data.revision import Revision
from ..wire.call import Call
from ..wire.outcome import Outcome


class World(Protocol):
    """A place where Calls are executed, with no object but ``kvm`` at first."""

    def execute(
        self, calls: Sequence[Call], until_refused: bool = False, seconds: float | None = None
    ) -> list[Outcome]:
        """One Outcome for each of ``calls``, in order; with ``until_refused`` none after the
        first that returned -1.  A refused call is an Outcome like any other.  A call that takes
        longer than ``seconds`` (default: what the backend was made with) is interrupted, and
        its Outcome marked ``timed_out``.  `BackendFailure` where a call can't be issued, as from
        a CPU that is not there; this world may be lost then, the next one is sound.
        """
        ...

    def race(self, calls: Sequence[Call], seconds: float | None = None) -> list[Outcome]:
        """The Outcomes of ``calls``, in order, issued at the same time by as many threads.

        What the model gives is one of the orders in which they could get the kernel's locks.
        Not for KVM_RUN.
        """
        ...


@runtime_checkable
class Backend(Protocol):
    """A kernel, real or not.

    ``release`` is what it calls itself, ``revision`` whose behaviour is expected of it,
    ``notes`` what a reader of the results must know, one sentence each.  ``hardware`` is the
    host with all its core PMUs, ``host`` that with those that KVM has for guests, as far as
    the backend can tell them apart.  ``lost`` says why it is of no use any more, and is empty
    while it is.
    """

    name: str
    release: str
    revision: Revision
    host: Host
    hardware: Host
    notes: tuple[str, ...]

    @property
    def lost(self) -> str: ...

    def world(self) -> World:
        """A fresh world.  Ends the one before."""
        ...

    def apart(
        self, sequences: Sequence[Sequence[Call]], seconds: float | None = None
    ) -> list[list[Outcome]]:
        """The Outcomes of each sequence, each in a fresh world; sooner than one by one."""
        ...

    def close(self) -> None:
        """Let go of everything; no process, thread or open file is left.  May be called again."""
        ...


@runtime_checkable
class PerTest(Protocol):
    """A backend that keeps apart what is one test's: a recording's."""

    def begin(self, test: str) -> None:
        """The worlds from now on are that test's."""
        ...
