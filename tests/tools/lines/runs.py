"""The runs of the specs in the lab: which there are, and one after the other.

``fixtures/lab/lines.toml`` is the list: the usual board for each line, and what a row adds.
Not for: further boards (`tests.tools.hosts`) and recordings (`tests.tools.recording`).
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pytest_kvmpmu.lab.host import programs
from pytest_kvmpmu.lab.lines import Line, lines
from pytest_kvmpmu.support.resources import PACKAGE

ROOT = PACKAGE.parent
# Seconds in which a run that was interrupted may print its results.
GRACE = 5

Say = Callable[[str], None]
Run = Callable[[Sequence[str]], int]


@dataclass(frozen=True)
class SpecRun:
    """One run of pytest: ``what`` names it, ``options`` are its options."""

    what: str
    options: tuple[str, ...]

    def command(self, more: Sequence[str]) -> list[str]:
        """The command, with ``more`` arguments at its end."""
        return [sys.executable, "-m", "pytest", "conformance", "-q", *self.options, *more]


def runs(known: Iterable[Line] | None = None) -> Iterator[SpecRun]:
    """The runs: first those of every line, then those that a row adds."""
    wanted = [line for line in (lines() if known is None else known) if not line.apart]
    for line in wanted:
        # The laws are the same for all kernels: `laws` chooses the lines that try them.
        search = ("-m", "differential or not differential", "-k", "not a_law")
        yield SpecRun(f"{line.name}, with a search", ("-n", "2", *_on(line), *search))
    for line in wanted:
        for board in line.also_boards:
            other = ("-n", "2", *_on(line), f"--kvmpmu-topology={board}")
            yield SpecRun(f"{line.name} on {board}", other)
        for cpu in line.also_cpu:
            cores = ("-n", "2", *_on(line), f"--kvmpmu-lab-cpu={cpu}")
            yield SpecRun(f"{line.name} with {cpu}", cores)
    for line in wanted:
        if line.laws:
            laws = ("-m", "differential", "-k", "a_law", f"--kvmpmu-examples={line.laws}")
            yield SpecRun(f"{line.name}, laws", (*_on(line), *laws))


def _on(line: Line) -> tuple[str, str]:
    return "--kvmpmu-backend=real", f"--kvmpmu-target=lab:{line.name}"


def run(command: Sequence[str]) -> int:
    """Run it here with our output; its exit status, 128 + N for signal N.  Nothing of it survives.

    Ctrl-C reaches this process alone.  It passes the signal on once, and `GRACE` seconds later
    the run and what it started are killed.  A second Ctrl-C kills them at once.
    """
    child = None
    try:
        with _uninterrupted():
            child = programs.spawn(command, cwd=ROOT)
        status = child.wait()
        return status if status >= 0 else 128 - status
    except KeyboardInterrupt:
        if child is not None:
            with contextlib.suppress(KeyboardInterrupt, subprocess.TimeoutExpired):
                child.send_signal(signal.SIGINT)
                child.wait(GRACE)
        raise
    finally:
        if child is not None:
            with _uninterrupted():
                _end(child)


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Signals that end the program wait for the end of the block: KeyboardInterrupt."""
    seen: list[int] = []
    before = {
        number: signal.signal(number, lambda number, _: seen.append(number))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if seen:
        raise KeyboardInterrupt


def _end(child: subprocess.Popen[bytes]) -> None:
    group = child.pid
    programs.stop(child)
    # The leader has ended; processes of its group may still run.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def run_all(wanted: Iterable[SpecRun], more: Sequence[str], say: Say, *, run: Run = run) -> int:
    """Run each, whether or not those before it passed; the first exit status that is not 0.

    Each command is printed before it runs, and the result of each run at the end.
    """
    results = []
    try:
        for one in wanted:
            command = one.command(more)
            say(f"lines: {one.what}\n$ {shlex.join(command)}")
            began = time.monotonic()
            status = run(command)
            results.append((one.what, status, time.monotonic() - began))
    finally:
        for what, status, seconds in results:
            result = "passed" if status == 0 else f"FAILED with exit status {status}"
            say(f"lines: {what}: {result} ({seconds:.0f} s)")
    return next((status for _, status, _ in results if status != 0), 0)
