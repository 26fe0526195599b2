"""The gate's options and ini keys, checked before the run.

Not for: checks that need a device.  `missing` is called once there is one.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from ...data.capabilities import CAPABILITIES
from ...data.host import Host
from ...errors import UsageProblem, unknown
from ...settings import GATE, GATES, REQUIRE, UPDATE_WAIVERS, WAIVERS, Option, Settings
from ..config import ini

if TYPE_CHECKING:
    from ...waivers.file import Waiver

# Besides the host's capabilities: neither model nor recording; a guest was entered and answered.
REAL, GUEST_RUN = "real", "guest-run"

ASKED = pytest.StashKey["Asked"]()


class Asked(NamedTuple):
    """``gate`` is one of `GATES` or empty.  ``insists``: options on the command line, not in an
    ini file, request a gate, so that even a run without specs is judged.
    """

    gate: str = ""
    require: tuple[str, ...] = ()
    path: Path | None = None
    waivers: tuple[Waiver, ...] = ()
    update: bool = False
    insists: bool = False

    def missing(self, settings: Settings, host: Host) -> str:
        """The first requirement that the run does not meet, in a sentence; or the empty string."""
        for name in self.require:
            if name == REAL and settings.backend != "real":
                return _said(name, f"the backend is {settings.backend}")
            if name in CAPABILITIES and (lack := CAPABILITIES[name].missing(host)):
                return _said(name, lack)
        return ""


def _said(name: str, why: str) -> str:
    return f"{REQUIRE.flag}={name} is not met: {why}"


def of_config(config: pytest.Config) -> Asked:
    """The gate's options.  Raises `UsageProblem` for a bad value or a bad waiver file."""
    if ASKED not in config.stash:
        config.stash[ASKED] = _read(config)
    return config.stash[ASKED]


def check(config: pytest.Config, settings: Settings, host: Host) -> None:
    """Raises `UsageProblem` if the run does not meet a requirement."""
    if lack := of_config(config).missing(settings, host):
        raise UsageProblem(lack, "Run on a host that has it, or require less")


def _read(config: pytest.Config) -> Asked:
    gate = _value(config, GATE)
    if gate not in ("", *GATES):
        raise unknown("gate", gate, GATES)
    require = tuple(name.strip() for name in _value(config, REQUIRE).split(",") if name.strip())
    for name in require:
        if name not in (*CAPABILITIES, REAL, GUEST_RUN):
            raise unknown("capability", name, (*CAPABILITIES, REAL, GUEST_RUN))
    path = _path(config)
    update = bool(config.getoption(UPDATE_WAIVERS.dest))
    if update and path is None:
        raise UsageProblem(
            f"{UPDATE_WAIVERS.flag} has no file to rewrite", f"Name it with {WAIVERS.flag}=FILE"
        )
    if update and path is not None and not path.parent.is_dir():
        raise UsageProblem(
            f"the waiver file {path} cannot be written: its folder does not exist",
            "Create the folder first",
        )
    waivers: tuple[Waiver, ...] = ()
    if path is not None and not (update and not path.exists()):
        from ...waivers.file import read

        waivers = read(path, config.rootpath)
    insists = any(config.getoption(option.dest) is not None for option in (GATE, REQUIRE))
    return Asked(gate, require, path, waivers, update, insists or update)


def _value(config: pytest.Config, option: Option) -> str:
    given = config.getoption(option.dest)
    return str(ini(config, option) if given is None else given)


def _path(config: pytest.Config) -> Path | None:
    """The waiver file: an option's path starts where pytest does, an ini key's at rootdir."""
    given = config.getoption(WAIVERS.dest)
    if given is not None:
        return config.invocation_params.dir / given if given else None
    named = ini(config, WAIVERS)
    return config.rootpath / named if named else None
