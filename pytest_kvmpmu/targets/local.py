"""This machine: an agent in a process of its own, on two pipes."""

from __future__ import annotations

import subprocess
import sys

from ..errors import UsageProblem
from ..resources import PACKAGE, fixtures_dir
from . import Target
from .link import Link, LinkLost

# The interpreter's own start-up is all that is waited for.
_PATIENCE = 20.0
# An agent that is at rest ends with its input; one that hangs is killed.
_LEAVE = 1.0


class LocalTarget(Target):
    """The machine that pytest runs on."""

    name = "local"

    def connect(self) -> Link:
        if not sys.platform.startswith("linux"):
            raise UsageProblem(
                f"there is no KVM on this system ({sys.platform})",
                "Use --kvmpmu-backend=model here, or an arm64 Linux host",
            )
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest_kvmpmu.agent", str(fixtures_dir() / "payloads")],
            cwd=PACKAGE.parent,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        stdin, stdout = process.stdin, process.stdout
        assert stdin is not None
        assert stdout is not None

        def close() -> None:
            stdin.close()
            try:
                process.wait(_LEAVE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            stdout.close()

        link = Link(stdout.fileno(), stdin.fileno(), close)
        try:
            link.greet(_PATIENCE)
        except LinkLost:
            link.close()
            raise
        return link
