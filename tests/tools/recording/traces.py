"""The lab's recordings under fixtures/traces: which are needed, and how each is made.

All requested ones are made in build/traces first, and replace the old ones together.
One that an interrupted run left there is not made again.
"""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pytest_kvmpmu import lab
from pytest_kvmpmu.data import topology
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.vm import hardware
from pytest_kvmpmu.recording.reader import Recording, read
from pytest_kvmpmu.support.resources import PACKAGE, conformance_dir, fixtures_dir

ROOT = PACKAGE.parent
PLACE = fixtures_dir() / "traces"
STAGE = ROOT / "build" / "traces"
SUFFIX = ".jsonl.gz"
# Limit for all of them together, in bytes.
MOST = 5_000_000
# The sources that a recording depends on.
SOURCES = (conformance_dir(), PACKAGE, *(fixtures_dir() / n for n in ("payloads", "topologies")))
# A run takes about a minute, three with a snapshot that has to be made first.
_TIMEOUT = 1800

Say = Callable[[str], None]
Run = Callable[[list[str]], "subprocess.CompletedProcess[str]"]


@dataclass(frozen=True)
class Trace:
    """The recording of all specs on a kernel line and a board."""

    line: str
    board: str

    @property
    def name(self) -> str:
        """The name of its file."""
        return f"{self.line}-{self.board}{SUFFIX}"

    def command(self, path: Path) -> list[str]:
        """The command that records it in ``path``."""
        return [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            str(conformance_dir()),
            "--kvmpmu-backend=real",
            f"--kvmpmu-target=lab:{self.line}",
            f"--kvmpmu-topology={self.board}",
            f"--kvmpmu-record={path}",
        ]


def wanted(lines: Sequence[str] = (), boards: Sequence[str] = ()) -> list[Trace]:
    """The traces of those lines and boards; `usual` ones if none are named."""
    known, bootable = lab.line_names(), topology.lab_names()
    for line in lines:
        if line not in known:
            raise UsageProblem(f"unknown line {line!r}", f"Known: {', '.join(known)}")
    for board in boards:
        if board not in bootable:
            raise UsageProblem(f"unknown board {board!r}", f"Known: {', '.join(bootable)}")
    if not lines and not boards:
        return usual()
    pairs = itertools.product(lines or lab.usual_line_names(), boards or _usual_boards())
    return [Trace(line, board) for line, board in pairs]


def usual() -> list[Trace]:
    """The traces of every line on the boards of the usual kind, and on those that its row adds."""
    rows = [lab.check_line(name) for name in lab.usual_line_names()]
    boards = _usual_boards()
    # A row may add one of the usual boards.
    pairs = ((row.name, name) for row in rows for name in (*boards, *row.also_boards))
    return [Trace(*pair) for pair in dict.fromkeys(pairs)]


def _usual_boards() -> list[str]:
    """The boards that differ from the usual host in their CPUs and PMUs alone."""
    hosts = map(topology.load, topology.lab_names())
    return [host.name for host in hosts if hardware.usual(host)]


def missing(place: Path = PLACE) -> list[Trace]:
    """The `usual` traces that ``place`` lacks."""
    return [trace for trace in wanted() if not (place / trace.name).exists()]


def orphans(place: Path = PLACE) -> list[str]:
    """The names of recordings in ``place`` whose line or board the lab no longer has."""
    pairs = itertools.product(lab.line_names(), topology.lab_names())
    known = {Trace(line, board).name for line, board in pairs}
    return sorted(path.name for path in place.glob(f"*{SUFFIX}") if path.name not in known)


def changed(folders: Iterable[Path] = SOURCES) -> float:
    """When a source was last changed, as seconds since 1970."""
    files = [
        path for folder in folders for path in folder.rglob("*") if path.suffix in (".py", ".toml")
    ]
    return max(path.stat().st_mtime for path in files)


def there(path: Path, since: float) -> Recording | None:
    """The recording in ``path``, if it is whole and was begun after ``since``."""
    if not path.exists():
        return None
    try:
        recording = read(path)
    except UsageProblem:
        return None
    return recording if datetime.fromisoformat(recording.header.time).timestamp() > since else None


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run it here, and capture its output."""
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=_TIMEOUT, check=False
    )


def remake(
    traces: Sequence[Trace],
    say: Say,
    *,
    again: bool = False,
    run: Run = run,
    stage: Path = STAGE,
    place: Path = PLACE,
) -> bool:
    """Make ``traces``; with ``again`` also those that an interrupted run has left.

    False if one could not be made: then nothing is replaced.
    """
    stage.mkdir(parents=True, exist_ok=True)
    since = changed()
    made = []
    for number, trace in enumerate(traces, 1):
        what = f"[{number}/{len(traces)}] {trace.line} on {trace.board}"
        path = stage / trace.name
        if not again and there(path, since):
            say(f"{what}: there already")
            made.append(path)
            continue
        path.unlink(missing_ok=True)
        began = time.monotonic()
        done = run(trace.command(path))
        took = f"{time.monotonic() - began:.0f} s"
        if done.returncode == 0 and path.exists():
            made.append(path)
            say(f"{what}: {took}, {_size(path)}; {_last(done.stdout)}")
        else:
            path.unlink(missing_ok=True)
            say(f"{what}: {took}, FAILED with status {done.returncode}\n{_tail(done)}")
    if len(made) < len(traces):
        say(f"{len(traces) - len(made)} failed; nothing was replaced. Run it again to continue")
        return False
    place.mkdir(parents=True, exist_ok=True)
    for path in made:
        path.replace(place / path.name)
    total = sum(path.stat().st_size for path in place.glob(f"*{SUFFIX}"))
    say(f"{len(made)} made; {place} has {total / 1e6:.2f} MB of at most {MOST / 1e6:g}")
    report(say, place)
    return True


def report(say: Say, place: Path = PLACE) -> None:
    """List what ``place`` lacks, and what it no longer needs."""
    for trace in missing(place):
        say(f"missing: {trace.line} on {trace.board}")
    for name in orphans(place):
        say(f"remove {name}: the lab no longer has its line or its board")


def _size(path: Path) -> str:
    recording = read(path)
    return (
        f"{recording.header.release}: {len(recording.worlds)} worlds, {recording.calls} calls,"
        f" {path.stat().st_size / 1000:.0f} KB"
    )


def _last(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else "no output"


def _tail(done: subprocess.CompletedProcess[str]) -> str:
    return "\n".join(f"    {line}" for line in (done.stdout + done.stderr).splitlines()[-40:])
