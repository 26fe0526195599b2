"""``kvmpmu lab boot LINE``: a shell on a heterogeneous arm64 host."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from ...errors import UsageProblem
from . import arguments


def add_parser(actions: Any) -> None:
    """Declare the action."""
    parser = actions.add_parser(
        "boot",
        help="an interactive shell on a lab machine",
        description="Start a machine and connect its serial console to this terminal: a busybox "
        "shell as root. `exit` ends the shell, Ctrl-] always does; the machine then stops too. "
        "All other keys go to the machine.",
    )
    arguments.add_machine(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the shell; returns its exit status, or 0 if the user left with Ctrl-]."""
    from ...lab.vm import terminal

    host = arguments.board(args)
    keys, screen = sys.stdin.fileno(), sys.stdout.fileno()
    if not (os.isatty(keys) and os.isatty(screen)):
        raise UsageProblem(
            "kvmpmu lab boot needs a terminal, but its input or output is not one",
            "In a script use `kvmpmu lab run LINE -- COMMAND`",
        )
    with arguments.machine(args, host) as vm:
        print(f"kvmpmu: {vm.kernel_release} on {host.name}; `exit` or Ctrl-] ends it", flush=True)
        rows, columns = terminal.size(screen)
        with terminal.raw(keys):
            vm.send({"op": "shell", "rows": rows, "columns": columns})
            message = terminal.attach(vm, keys, screen)
        if message is None:
            print("\nkvmpmu: left", flush=True)
            return 0
        vm.check("exit" in message, f"the agent's last message was {message!r}")
        if "why" in message:
            print(f"kvmpmu: {message['why']}", file=sys.stderr)
        return int(message["exit"])
