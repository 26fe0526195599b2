"""This machine: the agent is a process of its own, on two pipes."""

from __future__ import annotations

import sys

from ..errors import UsageProblem
from ..link.link import Link
from ..link.process import connect
from ..settings import LOCAL, Settings
from ..support.resources import PACKAGE, fixtures_dir
from .base import Target

# For the start of the interpreter alone.
_TIMEOUT = 20.0
# An idle agent ends when its input ends; one that hangs is killed.
_LEAVE = 1.0


def names() -> list[str]:
    """The one name."""
    return [LOCAL]


def target(rest: str | None, settings: Settings) -> Target | None:
    """``local``; None if there is a colon."""
    del settings  # there is one such machine
    return LocalTarget() if rest is None else None


class LocalTarget(Target):
    """The machine that pytest runs on."""

    name = LOCAL

    def connect(self) -> Link:
        if not sys.platform.startswith("linux"):
            raise UsageProblem(
                f"there is no KVM on this system ({sys.platform})",
                "Use --kvmpmu-backend=model here, or an arm64 Linux host",
            )
        command = [sys.executable, "-m", "pytest_kvmpmu.agent", str(fixtures_dir() / "payloads")]
        return connect(command, _TIMEOUT, _LEAVE, cwd=PACKAGE.parent)
