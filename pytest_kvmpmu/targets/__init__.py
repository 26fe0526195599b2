"""Targets: how to reach an agent.  This machine, a lab VM, or what another plugin has."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..errors import UsageProblem
from ..host import Host
from .link import Link

__all__ = ["Link", "Target", "target"]

LAB = "lab:"
# What comes before a colon; with `local`, the words that no other plugin can have.
SCHEMES = ("local", "lab")


class Target:
    """A place that has an agent.  ``name`` is what the user called it.

    ``lack`` says what it lacks to be tested, where it knows more of that than its agent;
    ``notes`` what a reader of the results must know, one sentence each.
    """

    name: str
    lack = ""
    notes: tuple[str, ...] = ()

    def connect(self) -> Link:
        """A link to an agent of its own.  `UsageProblem` where there can be none."""
        raise NotImplementedError

    def fitted(self, board: Host) -> Host:
        """``board`` as it is here.  `UsageProblem` where it can't be."""
        return board


def target(
    name: str,
    board: Host,
    cache_dir: Path | None = None,
    lab_cpu: str | None = None,
    others: Iterable[str] = (),
) -> Target:
    """The target of that name; a lab boots ``board``, with cores of the kind ``lab_cpu``.

    `UsageProblem` for an unknown name; the known ones have the ``others``, too: schemes.
    """
    if name == "local":
        from .local import LocalTarget

        return LocalTarget()
    if name.startswith(LAB):
        from .lab import LabTarget

        return LabTarget(name.removeprefix(LAB), board, cache_dir, lab_cpu)
    from ..lab import line_names

    raise UsageProblem(
        f"unknown target {name!r}",
        f"Known: {', '.join(['local', *(LAB + line for line in line_names()), *others])}",
    )
