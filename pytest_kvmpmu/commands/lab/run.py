"""``kvmpmu lab run LINE -- COMMAND...``: run a command on a heterogeneous arm64 host."""

from __future__ import annotations

import argparse
import sys
from typing import Any, BinaryIO

from ...data.host import Host, format_cpus, parse_cpus
from ...errors import UsageProblem
from ...lab import LabFailure
from . import arguments

TIMED_OUT = 124
# docker and timeout use the same status if they fail, not the command.
LAB_FAILED = 125


def add_parser(actions: Any) -> None:
    """Declare the action."""
    parser = actions.add_parser(
        "run",
        help="run a command on a lab machine",
        description="Start a machine, run the command there as root, pass its output on as it "
        "arrives, stop the machine and return the command's exit status.",
        epilog=f"Exit status: the command's, or 128 + N if signal N ended it; {TIMED_OUT}: it "
        f"did not end in time; {LAB_FAILED}: the lab failed; 126: the command could not be "
        "started; 127: it was not found; 4: usage error. Messages of kvmpmu begin with its name.",
    )
    arguments.add_machine(parser)
    parser.add_argument(
        "--cpus", metavar="LIST", help="the CPUs that the command may use, like 0-3,5"
    )
    parser.add_argument(
        "--timeout",
        type=float,
        metavar="S",
        help="the longest that the command may take, in seconds",
    )
    parser.add_argument(
        "command", nargs="+", metavar="COMMAND", help="the command and its arguments, after --"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    from ...lab.vm import guest

    host = arguments.board(args)
    cpus = _cpus(args.cpus, host)
    if args.timeout is not None and not 0 < args.timeout < guest.FOREVER:
        raise UsageProblem(
            f"--timeout {args.timeout:g} is out of range",
            "Write a number of seconds above 0, like 30",
        )
    seconds = guest.FOREVER if args.timeout is None else args.timeout
    try:
        with arguments.machine(args, host) as vm:
            return guest.run(vm, args.command, cpus, seconds, _sink(sys.stdout), _sink(sys.stderr))
    except guest.TimedOut:
        print(f"kvmpmu: {args.command[0]} did not end within {args.timeout:g} s", file=sys.stderr)
        return TIMED_OUT
    except LabFailure as failure:
        print(f"kvmpmu: {failure}", file=sys.stderr)
        return LAB_FAILED


def _cpus(text: str | None, host: Host) -> list[int]:
    if text is None:
        return []
    there = f"{host.name} has the CPUs {format_cpus(host.cpus)}"
    try:
        cpus = sorted(parse_cpus(text))
    except ValueError as error:
        raise UsageProblem(f"--cpus {text!r} is not a CPU list", "Write it like 0-3,5") from error
    if not cpus:
        raise UsageProblem("--cpus names no CPU", there)
    if missing := [cpu for cpu in cpus if cpu not in host.cpus]:
        why = "is offline" if missing[0] in host.offline else "does not exist"
        raise UsageProblem(f"--cpus {text}: CPU {missing[0]} {why}", there)
    return cpus


def _sink(stream: Any) -> Any:
    binary: BinaryIO = stream.buffer

    def write(chunk: bytes) -> None:
        binary.write(chunk)
        binary.flush()

    return write
