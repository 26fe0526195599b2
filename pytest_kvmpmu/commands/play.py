"""``kvmpmu play SCRIPT``: issue the Calls of a script and print one Outcome per line."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from ..choose import make_backend
from ..errors import UsageProblem
from ..extensions import installed
from ..recording import script
from ..settings import OPTIONS, Option, resolve

STDIN = "-"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand; its options are the plugin's, without their prefix."""
    parser = commands.add_parser(
        "play",
        help="run a list of calls on any backend",
        description="Issue the calls of a script, one JSON object per line, and print one"
        " outcome per line. A refused call is an outcome like any other.",
    )
    parser.add_argument("script", metavar="SCRIPT", help="a file, or - for standard input")
    for option in OPTIONS:
        parser.add_argument(
            f"--{option.name}", dest=option.dest, metavar=option.metavar, help=option.help
        )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play the script that ``args`` name.  No call is issued unless the whole script is valid."""

    def value(option: Option) -> str | None:
        given: str | None = getattr(args, option.dest)
        return given

    extensions = installed()
    settings = resolve(value, prefix="--", others=extensions.backends)
    calls = script.load(_text(args.script), _name(args.script))
    backend = make_backend(settings, extensions)
    try:
        world = backend.world()
        for call in calls:
            (outcome,) = world.execute([call])
            print(json.dumps(outcome.to_json()), flush=True)
    finally:
        backend.close()
    return 0


def _name(path: str) -> str:
    return "standard input" if path == STDIN else path


def _text(path: str) -> str:
    try:
        if path == STDIN:
            return sys.stdin.read()
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise UsageProblem(
            f"script {path} cannot be read: {error.strerror}", "Name a readable file, or -"
        ) from error
    except UnicodeDecodeError as error:
        raise UsageProblem(f"{_name(path)} is not UTF-8: {error}", "Write JSON lines") from error
