"""Which mirror is used, and how: with the host's apt (`apt`), or with Python alone (`plain`)."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from ...errors import UsageProblem, unknown
from ..host import requirements
from .apt import AptSuite, configured
from .mirror import MIRROR_VARIABLE, Mirror, Suite
from .plain import PlainSuite

# One of `WAYS`; unset: apt if the host has it.
FETCH_VARIABLE = "KVMPMU_LAB_FETCH"
WAYS = ("apt", "plain")


def open_suite(mirror: Mirror, name: str, state: Path) -> Suite:
    """The suite of that name.  Its lists and caches are in its own folder below ``state``."""
    if way() == "apt":
        return AptSuite(mirror, name, state / "apt" / name)
    return PlainSuite(mirror, name, state / "plain" / name)


def way() -> str:
    """Which of `WAYS` is used: the one in `FETCH_VARIABLE`, or apt if the host has it."""
    named = os.environ.get(FETCH_VARIABLE)
    if named and named not in WAYS:
        raise unknown(f"way in {FETCH_VARIABLE}", named, WAYS)
    return named or ("apt" if _has_apt() else "plain")


def host_mirror() -> Mirror:
    """The mirror in `MIRROR_VARIABLE`, or the host's.  Raises `UsageProblem` if there is none."""
    keyring = requirements.keyring()
    if keyring is None:
        raise UsageProblem(
            "the keys of the Debian archive are missing",
            f"{requirements.remedy(requirements.KEYRING)};"
            f" or set {requirements.KEYRING_VARIABLE} to the path of a file with them",
        )
    return Mirror((os.environ.get(MIRROR_VARIABLE) or _configured()).rstrip("/"), str(keyring))


def _configured() -> str:
    if not _has_apt():
        raise UsageProblem(
            "this host has no apt, so its Debian mirror is unknown",
            f"Set {MIRROR_VARIABLE} to the address of one, or copy a prepared lab:"
            " `kvmpmu lab export` on another host, `kvmpmu lab import` here",
        )
    return configured()


def _has_apt() -> bool:
    return all(shutil.which(program) for program in ("apt-get", "apt-cache"))
