"""The Backend protocol.

A function makes a backend, and raises `UsageProblem` if it cannot work on this machine;
a problem is found then, not in the middle of a run.

`pytest_kvmpmu.testing.check_backend` checks a backend against this protocol.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from ..data.host import Host
from ..data.revision import Revision
from ..wire.call import Call
from ..wire.outcome import Outcome


class World(Protocol):
    """Executes Calls; at first ``kvm`` is its only object."""

    def execute(
        self, calls: Sequence[Call], until_refused: bool = False, seconds: float | None = None
    ) -> list[Outcome]:
        """One Outcome for each of ``calls``, in order; with ``until_refused`` none after the
        first that returned -1.  A refused call is an Outcome like any other.  A call that takes
        longer than ``seconds`` (default: the backend's own limit) is interrupted, and its
        Outcome is marked ``timed_out``.  Raises `BackendFailure` if a call can't be issued, for
        example from a CPU that does not exist; this world may then be lost, the next one works.
        """
        ...

    def race(self, calls: Sequence[Call], seconds: float | None = None) -> list[Outcome]:
        """The Outcomes of ``calls``, in order, issued at the same time, each by its own thread.

        The model picks one of the orders in which they could get the kernel's locks.
        Not for KVM_RUN.
        """
        ...


@runtime_checkable
class Backend(Protocol):
    """A kernel, real or not.

    ``release`` is its version as uname reports it, ``revision`` the behaviour expected of it,
    ``notes`` has one sentence for each fact that a reader of the results must know.
    ``hardware`` is the host with all its core PMUs, ``host`` the same with only those that KVM
    offers to guests, as far as the backend can distinguish them.  ``lost`` says why the backend
    is no longer usable, and is empty while it is usable.
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
        """A fresh world.  Ends the previous one."""
        ...

    def apart(
        self, sequences: Sequence[Sequence[Call]], seconds: float | None = None
    ) -> list[list[Outcome]]:
        """The Outcomes of each sequence, each in a fresh world; faster than one by one."""
        ...

    def close(self) -> None:
        """Release everything; no process, thread or open file is left.  May be called again."""
        ...


@runtime_checkable
class PerTest(Protocol):
    """A backend that keeps the worlds of each test apart, as a recording does."""

    def begin(self, test: str) -> None:
        """Worlds made from now on belong to ``test``."""
        ...
