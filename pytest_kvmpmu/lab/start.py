"""Starting a lab machine: from a snapshot where there is a good one, else making it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import UsageProblem
from ..host import Host
from ..topology import PMUV3
from . import lines, programs, qemu
from .cache import Cache, Entry
from .console import LabFailure, Progress, to_stderr
from .machine import Machine
from .recipe import Recipe
from .resume import resume

if TYPE_CHECKING:
    from .parcel import Parcel


def start(
    line: str,
    host: Host,
    *,
    progress: Progress = to_stderr,
    cache_dir: Path | None = None,
    parcel: Parcel | None = None,
) -> Machine:
    """A running machine: the kernel ``line`` on the board ``host``; its agent has answered.

    It holds the files of ``parcel``, which the agent has not taken yet (`guest.hand_over`).

    Close it; it ends in any case with the thread that called this.  Raises `UsageProblem`
    where the lab can't be had, `LabFailure` where it broke.
    """
    recipe = _recipe(line, host)
    cache = Cache(cache_dir)
    place = recipe.place(cache)
    entry = cache.find(place) if place else None
    warm = entry is not None
    if entry is None:
        entry = _make(cache, recipe, progress)
    try:
        machine = resume(recipe, entry, parcel)
        machine.was_warm = warm
        return machine
    except (LabFailure, OSError) as failure:
        if not warm:
            raise
        progress(f"the snapshot of {line} on {host.name} is of no use, making a new one: {failure}")
    with cache.lock(recipe.slot.replace("/", "-"), f"{line} on {host.name}", progress):
        cache.drop(entry)
    return resume(recipe, _make(cache, recipe, progress), parcel)


def setup(
    names: Sequence[str],
    hosts: Sequence[Host],
    *,
    progress: Progress = to_stderr,
    cache_dir: Path | None = None,
) -> None:
    """Ask the mirror what is current, fetch it, and see each line resume on each host.

    Errors: as for `start`.
    """
    from .stock import Stock

    recipes = [_recipe(name, host) for name in names for host in hosts]
    cache = Cache(cache_dir)
    stock = Stock(cache, progress, refresh=True)
    stock.userspace()
    for name in names:
        stock.kernel(lines.load(name))
    stock.tidy()
    for recipe in recipes:
        resume(recipe, _make(cache, recipe, progress)).close()
        progress(f"{recipe.line.name} on {recipe.host.name} answers")


def check_board(host: Host) -> None:
    """Raise `UsageProblem` where the lab can't boot such a board."""
    for pmu in host.pmus:
        if not pmu.compatible:
            raise UsageProblem(
                f"the PMU {pmu.name} of {host.name} has no compatible",
                'Say what the device tree calls it, like "arm,cortex-a53-pmu"',
            )
    versions = {host.pmuver, *(pmu.pmuver for pmu in host.pmus)}
    there = {PMUV3, None} if host.pmus else {0}
    if host.protected or host.gicv5 or host.nested or not versions <= there:
        raise UsageProblem(
            f"{host.name} is a board for the model:"
            " the lab's cores are Armv8.0 and unprotected, its GIC is a GICv3",
            "Leave pmuver, protected, gicv5 and nested out of the topology,"
            " or use --kvmpmu-backend=model",
        )


def _recipe(line: str, host: Host) -> Recipe:
    programs.known_system()
    check_board(host)
    return Recipe(lines.load(line), host, qemu.find())


def _make(cache: Cache, recipe: Recipe, progress: Progress) -> Entry:
    from .prepare import make  # a warm start does without what it imports

    return make(cache, recipe, progress)
