"""A lab machine without QEMU: the agent itself, on this machine, with its own home."""

from __future__ import annotations

import sys
from pathlib import Path

from pytest_kvmpmu.lab import Machine
from pytest_kvmpmu.support.resources import PACKAGE

_AGENT = """
import sys
sys.path.insert(0, sys.argv[3])
from pathlib import Path
from pytest_kvmpmu.agent import command, server
command.HOME = sys.argv[1]
command.CONSOLES = Path(sys.argv[2])
del sys.argv[1:]
server.main()
"""


def local_machine(folder: Path, console: Path = Path("none")) -> Machine:
    """The agent, after its greeting.  Commands run in ``folder``."""
    command = [sys.executable, "-S", "-c", _AGENT, str(folder), str(console), str(PACKAGE.parent)]
    machine = Machine(command)
    machine.kernel_release = "6.12.0-test"
    assert machine.receive(20) == {"hello": 1}
    return machine
