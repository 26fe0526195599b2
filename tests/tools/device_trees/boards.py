"""The boards with two or more core PMUs among device trees, and the specs on a model of each.

Not for: where the trees come from (`package`).
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from pytest_kvmpmu.data import device_tree, topology_toml
from pytest_kvmpmu.data.gic import GICS
from pytest_kvmpmu.data.host import Host, format_cpus
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.support import devicetree
from pytest_kvmpmu.support.resources import conformance_dir

# What the names of all core PMUs' compatibles contain: most trees need not be parsed.
_MARK = re.compile(rb"-pmu\0|arm,armv8-pmuv3\0")
_COUNTS = re.compile(r"^=* ?((?:\d+ \w+(?:, )?)+) in ", re.MULTILINE)
_ONE = re.compile(r"(\d+) (\w+)")


class Board(NamedTuple):
    """One host, and the names of the device trees that describe it."""

    host: Host
    names: Sequence[str]

    @property
    def row(self) -> str:
        """The host in one line of a Markdown table."""
        host = self.host
        pmus = ", ".join(f"{pmu.name} on {format_cpus(pmu.cpus)}" for pmu in host.pmus)
        gics = ", ".join(str(GICS[version]) for version in host.gics) or "none"
        return f"| {len(host.cpus)} | {pmus} | {gics} | {len(self.names)} | {self.names[0]} |"


class Found(NamedTuple):
    """``trees`` were read; ``refused`` has the errors of those that cannot be a topology."""

    trees: int
    boards: Sequence[Board]
    refused: Sequence[str]


def find(folder: Path) -> Found:
    """The boards with two or more core PMUs among the ``*.dtb`` below ``folder``."""
    hosts: dict[Host, list[str]] = {}
    refused = []
    paths = sorted(folder.rglob("*.dtb"))
    for path in paths:
        name = path.relative_to(folder).as_posix()
        dtb = path.read_bytes()
        if len(_MARK.findall(dtb)) < 2:
            continue
        root = devicetree.parse(dtb, name)
        if len(device_tree.core_pmus(root)) < 2:
            continue
        try:
            host = replace(device_tree.host(root, name), description="")
        except UsageProblem as problem:
            refused.append(problem.cause)
        else:
            hosts.setdefault(host, []).append(name)
    boards = sorted(
        (Board(host, names) for host, names in hosts.items()), key=lambda board: board.names[0]
    )
    return Found(len(paths), boards, refused)


def table(boards: Iterable[Board]) -> Iterator[str]:
    """The boards as a Markdown table."""
    yield "| CPUs | PMUs in probe order | vGICs | device trees | one of them |"
    yield "| --- | --- | --- | --- | --- |"
    yield from (board.row for board in boards)


def specs(board: Board, kernel: str, folder: Path) -> tuple[bool, str]:
    """Whether all specs pass on a model of the board with that kernel, and pytest's counts."""
    file = folder / f"{Path(board.names[0]).stem}.toml"
    file.write_text(topology_toml.text(board.host), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--tb=no"]
    options = [f"--kvmpmu-topology={file}", f"--kvmpmu-kernel={kernel}", "--kvmpmu-backend=model"]
    ran = subprocess.run(
        [*command, str(conformance_dir()), *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=conformance_dir().parent,
    )
    counts = _COUNTS.findall(ran.stdout)
    said = counts[-1] if counts else f"status {ran.returncode}: {ran.stderr.strip()[-300:]}"
    return ran.returncode == 0 and _passed(said), said


def _passed(said: str) -> bool:
    return any(what == "passed" and int(number) for number, what in _ONE.findall(said))
