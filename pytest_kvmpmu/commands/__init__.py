"""The ``kvmpmu`` program.  Each subcommand is a module with ``add_parser`` and ``run``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

from .. import __version__
from ..errors import BackendFailure, UsageProblem
from ..lab import LabFailure

USAGE_ERROR = 4
FAILURE = 1
INTERRUPTED = 128 + signal.SIGINT
READER_GONE = 128 + 13  # SIGPIPE, which Windows lacks


class _Parser(argparse.ArgumentParser):
    """Ends with pytest's exit status for a usage error."""

    def error(self, message: str) -> NoReturn:
        self.exit(USAGE_ERROR, f"{self.prog}: error: {message}\n")


def parser() -> argparse.ArgumentParser:
    """The program's command line."""
    from . import clauses, lab, play, report, topology

    top = _Parser(
        prog="kvmpmu", description="Tools of pytest-kvmpmu. The specs themselves run under pytest."
    )
    top.add_argument("--version", action="version", version=f"kvmpmu {__version__}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for module in (play, clauses, report, topology, lab):
        module.add_parser(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; the exit status is 0, 4 (usage error), or what the subcommand says."""
    args = parser().parse_args(argv)
    try:
        status = int(args.run(args))
        sys.stdout.flush()
        return status
    except UsageProblem as problem:
        print(f"kvmpmu: error: {problem}", file=sys.stderr)
        return USAGE_ERROR
    except (BackendFailure, LabFailure) as failure:
        print(f"kvmpmu: {failure}", file=sys.stderr)
        return FAILURE
    except BrokenPipeError:
        # The reader (head, less) has closed the pipe; keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except KeyboardInterrupt:
        print("kvmpmu: interrupted", file=sys.stderr)
        return INTERRUPTED
