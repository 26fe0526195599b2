"""The template for tox: each kernel on each board, and each of its commands runs."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from .place import CI, Place, names


def tox_commands(env: str) -> Iterator[str]:
    """The commands of an environment, as tox understands the file."""
    command = [sys.executable, "-m", "tox", "-c", str(CI / "tox.ini"), "config", "-e", env]
    done = subprocess.run([*command, "-k", "commands"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in done.stdout.splitlines():
        if line.startswith(("  kvmpmu", "  pytest", "  python")):
            yield line.strip()
        elif line.startswith("commands = "):
            yield line.removeprefix("commands = ")


@pytest.mark.parametrize("env", ["model-v510-rockpro64", "model-v612-swapped", "lab-v61-swapped"])
def test_an_environment_of_tox_runs(env: str, place: Place) -> None:
    commands = list(tox_commands(env))
    assert len(commands) == (3 if env.startswith("lab") else 2)
    for command in commands:
        place.works(command)
    assert names(place.folder / "results" / f"{env}.xml")


def test_tox_has_each_kernel_on_each_board() -> None:
    command = [sys.executable, "-m", "tox", "-c", str(CI / "tox.ini"), "list", "--no-desc"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert len([line for line in done.stdout.split() if re.match("(model|lab)-v", line)]) == 12
