"""``kvmpmu lab setup``: fetch, build and try the lab ahead of the first test run."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from typing import Any

from ... import lab
from ...data import topology
from ...errors import UsageProblem
from ...lab.host import requirements
from . import arguments

BOARDS = ("rockpro64", "rockpro64-swapped")


def add_parser(actions: Any) -> None:
    """Declare the action."""
    setup = actions.add_parser(
        "setup",
        help="fetch current kernels, build the lab and check that it works",
        description="Fetch current kernels from the host's Debian mirror, boot each once, "
        "keep a snapshot, and check that it resumes.",
    )
    setup.add_argument(
        "lines",
        nargs="*",
        metavar="LINE",
        help=f"kernel lines, or paths of arm64 Images (default: "
        f"{', '.join(lab.usual_line_names())})",
    )
    setup.add_argument(
        "--topology",
        action="append",
        metavar="NAME|FILE",
        help=f"a board; may be repeated (default: {' and '.join(BOARDS)})",
    )
    arguments.add_cpu(setup)
    setup.add_argument(
        "--install", action="store_true", help="install missing host packages with apt-get"
    )
    arguments.add_cache_dir(setup)
    setup.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Prepare the lab; returns 0.  Raises `UsageProblem` or `lab.LabFailure`."""
    names = args.lines or lab.usual_line_names()
    for name in names:
        lab.check_line(name)
    hosts = [topology.load(name) for name in args.topology or BOARDS]
    if args.install:
        install(requirements.missing())
    lab.setup(names, hosts, cache_dir=args.cache_dir, cpu=args.cpu)
    return 0


def install(packages: list[str]) -> None:
    """Install Debian packages on this host.  Raises `UsageProblem` if that fails."""
    if not packages:
        return
    command = ["apt-get", "install", "--no-install-recommends", "-y", *packages]
    if shutil.which("apt-get") is None:
        raise UsageProblem(
            f"--install needs apt-get, which this host lacks; missing: {', '.join(packages)}",
            "Install these programs with the package manager of this host",
        )
    if os.geteuid() != 0:
        raise UsageProblem(
            f"--install needs root to install {', '.join(packages)}",
            f"Run `{' '.join(command)}` as root",
        )
    # No timeout: a package installation should not be interrupted.
    status = subprocess.run(command, check=False).returncode
    if status != 0:
        raise UsageProblem(
            f"`{' '.join(command)}` failed with status {status}",
            "Fix the problem that it reports above; `apt-get update` may help",
        )
