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
        description="Start a machine and give its serial console to this terminal: a root shell "
        "of busybox. `exit` ends it, and so does Ctrl-] in whatever state it is; the machine ends "
        "with it. All other keys are the machine's.",
    )
    arguments.add_machine(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Have it; the shell's exit status, 0 where the user left by the escape."""
    from ...lab.vm import terminal

    host = arguments.board(args)
    keys, screen = sys.stdin.fileno(), sys.stdout.fileno()
    if not (os.isatty(keys) and os.isatty(screen)):
        raise UsageProblem(
            "kvmpmu lab boot needs a terminal, and its input or output is none",
            "For a script there is `kvmpmu lab run LINE -- COMMAND`",
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
        vm.check("exit" in message, f"the agent's last word was {message!r}")
        if "why" in message:
            print(f"kvmpmu: {message['why']}", file=sys.stderr)
        return int(message["exit"])
