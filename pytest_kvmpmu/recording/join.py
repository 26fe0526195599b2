"""Merge the recordings of a run's workers into one, in the order of the tests."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import UsageProblem
from .reader import Recording
from .writer import Writer


def join(parts: Sequence[Recording], tests: Sequence[str], writer: Writer) -> None:
    """Write the worlds of ``parts``, those of a test together, in the order of ``tests``.

    Raises `UsageProblem` if the parts have different kernels or hosts.
    """
    first = min((part.header for part in parts), key=lambda header: header.time)
    for part in parts:
        if part.header._replace(time=first.time) != first:
            raise UsageProblem(
                f"the workers ran on different kernels or hosts: {first.release} on"
                f" {first.host.name}, and {part.header.release} on {part.header.host.name}",
                "Record without -n",
            )
    writer.header = first
    place = {test: number for number, test in enumerate(tests)}
    worlds = [world for part in parts for world in part.worlds]
    for world in sorted(worlds, key=lambda world: place.get(world.test, len(place))):
        number = writer.world(world.test)
        for step in world.steps:
            writer.step(number, step)
