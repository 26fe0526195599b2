"""A host that nobody named gets the verdict of the board that it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_kvmpmu.support.resources import conformance_dir

from . import unnamed_target

pytestmark = pytest.mark.lab

LINE = "6.12"
# What depends on the kind of host: vGICs, sizes, the PMUs and their CPUs.
SPECS = ("test_cover_letter.py", "test_api_4_24_irqchip.py", "test_api_4_1_create.py")
# The kinds of host that also run all specs on this line.
BOARDS = ("juno", "protected")


def report(folder: Path, name: str, *options: str) -> dict[str, Any]:
    """The status of each spec on that host, and the verdict of the run."""
    file = folder / f"{name}.json"
    specs = [str(conformance_dir() / spec) for spec in SPECS]
    command = [sys.executable, "-m", "pytest", *specs, "-q", "-p", unnamed_target.__name__, "-n0"]
    command += ["-p", "no:cacheprovider", "--kvmpmu-backend=real", f"--kvmpmu-report={file}"]
    root = Path(__file__).parents[3]
    done = subprocess.run([*command, *options], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    _, *results, footer = map(json.loads, file.read_text().splitlines())
    found = {result["spec"]: result["status"] for result in results}
    ended = footer["end"]
    return {**found, "verdict": ended["verdict"], "on_host": ended["on_host"]}


@pytest.mark.parametrize("board", BOARDS)
def test_it_has_the_verdict_of_its_board(board: str, tmp_path: Path) -> None:
    target = f"--kvmpmu-target=lab:{LINE}"
    named = report(tmp_path, "named", target, f"--kvmpmu-topology={board}")
    unnamed = report(tmp_path, "unnamed", f"--kvmpmu-target=unnamed:{LINE}:{board}")
    assert named == unnamed
    assert len(named) > 50
