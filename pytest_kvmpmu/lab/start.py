"""Starting a lab machine from a snapshot, which is made if there is no good one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..data.host import Host
from ..errors import UsageProblem
from . import lines
from .failure import LabFailure
from .fit import core_of, fitted
from .host import programs
from .progress import Progress, to_stderr
from .resume import resume
from .store.cache import Cache, Entry
from .store.recipe import Recipe
from .vm import cpu as cpus
from .vm import hardware, qemu
from .vm.machine import Machine

if TYPE_CHECKING:
    from .vm.parcel import Parcel


def start(
    line: str,
    host: Host,
    *,
    progress: Progress = to_stderr,
    cache_dir: Path | None = None,
    parcel: Parcel | None = None,
    cpu: str | None = None,
) -> Machine:
    """A running machine: the kernel ``line`` on the board ``host``; its agent has answered.

    It holds the files of ``parcel``, which the agent has not taken yet (`guest.hand_over`).
    ``cpu`` is QEMU's name of the emulated core (default: `core_of` the board).

    The caller closes it; it ends at the latest with the calling thread.  Raises `UsageProblem`
    if the lab is not available, `LabFailure` if it failed.
    """
    recipe = _recipe(line, host, cpu)
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
        progress(f"the snapshot of {recipe.what} does not work, making a new one: {failure}")
    with cache.lock(recipe.slot.replace("/", "-"), recipe.what, progress):
        cache.drop(entry)
    return resume(recipe, _make(cache, recipe, progress), parcel)


def setup(
    names: Sequence[str],
    hosts: Sequence[Host],
    *,
    progress: Progress = to_stderr,
    cache_dir: Path | None = None,
    cpu: str | None = None,
) -> None:
    """Fetch the mirror's current kernels, and check that each line resumes on each host.

    Errors: as for `start`.
    """
    from .store.stock import Stock

    recipes = [_recipe(name, host, cpu) for name in names for host in hosts]
    cache = Cache(cache_dir)
    stock = Stock(cache, progress, refresh=True)
    stock.userspace()
    for name in names:
        stock.kernel(lines.load(name))
    stock.tidy()
    for recipe in recipes:
        resume(recipe, _make(cache, recipe, progress)).close()
        progress(f"{recipe.what} answers")


def check_board(host: Host, cpu: str = cpus.DEFAULT, line: lines.Line | None = None) -> Host:
    """``host`` with cores ``cpu``.  Raises `UsageProblem` if the lab can't boot it, on ``line``."""
    for pmu in host.pmus:
        if not pmu.compatible:
            raise UsageProblem(
                f"the PMU {pmu.name} of {host.name} has no compatible",
                'Add its name in the device tree, like compatible = "arm,cortex-a53-pmu"',
            )
    return fitted(host, cpu, line)


def _recipe(name: str, host: Host, cpu: str | None) -> Recipe:
    programs.known_system()
    line = lines.load(name)
    core = core_of(host, line, cpu)
    board = check_board(host, core, line)
    return Recipe(line, board, qemu.find(hardware.oldest_qemu(board)), core)


def _make(cache: Cache, recipe: Recipe, progress: Progress) -> Entry:
    from .prepare import make  # a warm start does not need its imports

    return make(cache, recipe, progress)
