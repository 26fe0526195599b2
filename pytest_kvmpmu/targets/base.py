"""What a target has to be: a place that has an agent."""

from __future__ import annotations

from ..data.host import Host
from ..link.link import Link


class Target:
    """A place that has an agent.  ``name`` is what the user called it.

    ``boots`` says that it boots the topology asked for, or the default one; else the host is taken
    as it is, and checked against the topology if one was asked for.

    ``lack`` says what it lacks to be tested, where it knows more of that than its agent;
    ``notes`` what a reader of the results must know, one sentence each.
    """

    name: str
    boots = False
    lack = ""
    notes: tuple[str, ...] = ()

    def connect(self) -> Link:
        """A link to an agent of its own.  `UsageProblem` where there can be none."""
        raise NotImplementedError

    def fitted(self, board: Host) -> Host:
        """``board`` as it is here.  `UsageProblem` where it can't be."""
        return board
