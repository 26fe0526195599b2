"""The base class of targets: places that have an agent."""

from __future__ import annotations

from ..data.host import Host
from ..link.link import Link


class Target:
    """A place that has an agent.  ``name`` is the name that the user gave.

    If ``boots``, it boots the requested topology, or the default one; else it has a host already,
    which is checked against the topology if one is requested.

    ``lack`` says what specs need and it lacks, if it knows more about that than its agent;
    ``notes`` are sentences for the reader of the results.
    """

    name: str
    boots = False
    lack = ""
    notes: tuple[str, ...] = ()

    def connect(self) -> Link:
        """A link to a new agent.  Raises `UsageProblem` if that is not possible."""
        raise NotImplementedError

    def fitted(self, board: Host) -> Host:
        """``board`` as it is here.  Raises `UsageProblem` if it can't be built here."""
        return board
