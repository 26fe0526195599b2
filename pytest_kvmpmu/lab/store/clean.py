"""Freeing the cache's space: entries that are no longer used, or all of it.

Removes folders of the cache only, never follows a link out of it, and keeps entries whose lock
another run holds.  A running machine has read its snapshot already; a start that finds a file
missing makes the snapshot again.  Not for: listing the cache (`inventory`).
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable
from dataclasses import dataclass

from ..lines import names
from .cache import Cache
from .inventory import ENTRIES, LISTS, SNAPSHOTS, folders, is_folder, size, snapshots
from .recipe import USERSPACE, current

_SCRATCH = "scratch"
# Locks that are not of a slot: of everything fetched, and of the guest's bytecode.
_PACKAGES, _BYTECODE = "packages", "bytecode"


@dataclass(frozen=True)
class Freed:
    """A folder of the cache to remove; it stays if another run's lock has it ``held``."""

    place: str
    bytes: int
    held: bool = False


def clean(cache: Cache, everything: bool, dry: bool) -> list[Freed]:
    """Remove unused entries, or with ``everything`` all; with ``dry`` only list them."""
    if not cache.root.is_dir():
        return []
    kept = set() if everything else _kept(cache)
    with contextlib.ExitStack() as locks:

        def mine(name: str) -> bool:
            return locks.enter_context(cache.lock_if_free(name))

        # The stock's locks first.  A run that makes a snapshot locks its slot, then the stock:
        # if it has used the stock already, its slot's lock is seen below; a later one waits.
        stock = all([mine(_PACKAGES), mine(_BYTECODE)])
        slots = {slot: mine(_lock(slot)) for slot in _slots(cache)}
        places = [
            (place, slots[slot])
            for slot in sorted(slots)
            for place in (*folders(cache, slot), *folders(cache, f"{_SCRATCH}/{slot}"))
        ]
        others = [mine(name) for name in _others(cache, slots)]
        stock = stock and all(slots.values()) and all(others)
        places += [(place, stock) for place in _of_stock(cache, everything)]
        freed = [
            Freed(place, size(cache.root / place), not free)
            for place, free in places
            if place not in kept
        ]
        for one in freed:
            if not one.held and not dry:
                with cache.room():
                    shutil.rmtree(cache.root / one.place)
        return freed


def _lock(slot: str) -> str:
    return slot.replace("/", "-")


def _slots(cache: Cache) -> set[str]:
    """The slots that are not empty."""
    scratch = folders(cache, f"{_SCRATCH}/{SNAPSHOTS}")
    return {*folders(cache, SNAPSHOTS), *(place.removeprefix(f"{_SCRATCH}/") for place in scratch)}


def _others(cache: Cache, slots: Iterable[str]) -> list[str]:
    """The locks of slots that are still empty."""
    named = {path.stem for path in (cache.root / "locks").glob(f"{SNAPSHOTS}-*.lock")}
    return sorted(named - {_lock(slot) for slot in slots})


def _kept(cache: Cache) -> set[str]:
    """The places of current entries."""
    kept = {snapshot.place for snapshot in snapshots(cache) if snapshot.current}
    base = current(cache, USERSPACE)
    if base is not None:
        kept |= {base, f"bytecode/{base.rpartition('/')[2]}"}
    return kept | {place for name in names() if (place := current(cache, name))}


def _of_stock(cache: Cache, everything: bool) -> list[str]:
    places = [place for kind in ENTRIES for place in folders(cache, kind)]
    whole = ("debs", *LISTS) if everything else ("debs",)
    return places + [kind for kind in whole if is_folder(cache.root / kind)]
