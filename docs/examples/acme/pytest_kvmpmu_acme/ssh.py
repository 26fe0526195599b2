"""A board as a target: ``ssh:HOST`` runs the agent on HOST.

HOST needs Python 3.8 or newer, and the wheel of pytest-kvmpmu, unpacked where Python finds it.
The agent does not need the dependencies of the wheel.
"""

from __future__ import annotations

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.link.link import Link
from pytest_kvmpmu.link.process import connect
from pytest_kvmpmu.targets.base import Target

_AGENT = (
    "import runpy, sys, pytest_kvmpmu;"
    " sys.argv[1:] = [pytest_kvmpmu.__path__[0] + '/fixtures/payloads'];"
    " runpy.run_module('pytest_kvmpmu.agent', run_name='__main__')"
)


class SshTarget(Target):
    def __init__(self, host: str) -> None:
        if not host or host.startswith("-"):
            raise UsageProblem(f"ssh:{host} does not name a host", "Write it like ssh:root@board")
        self.name = f"ssh:{host}"
        self._command = ["ssh", "-T", host, f'python3 -c "{_AGENT}"']

    def connect(self) -> Link:
        try:
            return connect(self._command, timeout=30.0, leave=5.0)
        except FileNotFoundError as error:
            raise UsageProblem(
                f"{self.name} needs ssh, which is not installed", "Install it"
            ) from error
