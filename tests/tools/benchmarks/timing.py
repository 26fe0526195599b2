"""Times whole processes; two commands alternate, so that drift affects both."""

from __future__ import annotations

import atexit
import functools
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

Command = Sequence[str]


def pytest_command(*args: str) -> list[str]:
    """pytest with ``args``, in this interpreter."""
    return [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args]


def wall(command: Command, cwd: Path | None = None) -> float:
    """Seconds from start to end.  Raises CalledProcessError for a non-zero exit status.

    Bytecode is kept from one run to the next, whatever the settings of this process.
    """
    env = {**os.environ, "PYTHONPYCACHEPREFIX": str(_bytecode())}
    env.pop("PYTHONDONTWRITEBYTECODE", None)
    began = time.perf_counter()
    subprocess.run(command, cwd=cwd, env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


@functools.cache
def _bytecode() -> Path:
    """A folder that is removed when this process ends."""
    folder = tempfile.TemporaryDirectory()
    atexit.register(folder.cleanup)
    return Path(folder.name)


def until_line(command: Command, prefix: str) -> float:
    """Seconds from start to the first line that begins with ``prefix``."""
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seconds = None
        for line in process.stdout:
            if seconds is None and line.startswith(prefix):
                seconds = time.perf_counter() - began
    if seconds is None:
        raise RuntimeError(f"{' '.join(command)} printed no line that begins with {prefix!r}")
    return seconds


def pairs(a: Command, b: Command, runs: int, cwd: Path | None = None) -> tuple[float, float]:
    """Medians of ``runs`` alternating runs of each, after one warm-up run of each."""
    wall(a, cwd)
    wall(b, cwd)
    measured = [(wall(a, cwd), wall(b, cwd)) for _ in range(runs)]
    first, second = zip(*measured, strict=True)
    return statistics.median(first), statistics.median(second)
