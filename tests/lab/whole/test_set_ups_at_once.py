"""Two ``kvmpmu lab setup`` processes that begin at the same time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_kvmpmu.support.resources import PACKAGE

from ..conftest import BOARD_TOML, LINE
from ..processes import qemus

# `kvmpmu lab setup` with everything fetched: asks no mirror, and tidies no shared folder.
PROGRAM = """
import sys
from pytest_kvmpmu import commands
from pytest_kvmpmu.lab.store import stock
class Fetched(stock.Stock):
    def __init__(self, cache, progress, refresh=False):
        super().__init__(cache, progress)
    def tidy(self):
        pass
stock.Stock = Fetched
sys.exit(commands.main(["lab", "setup", *sys.argv[1:]]))
"""


@pytest.mark.lab
def test_one_makes_the_snapshot_and_the_other_waits_for_it(cold: Path, tmp_path: Path) -> None:
    board = tmp_path / "pair.toml"
    board.write_text(BOARD_TOML)
    arguments = [LINE, "--topology", str(board), "--cache-dir", str(cold)]
    command = [sys.executable, "-c", PROGRAM, *arguments]
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(command, stderr=pipe, text=True, cwd=PACKAGE.parent) as one,
        subprocess.Popen(command, stderr=pipe, text=True, cwd=PACKAGE.parent) as other,
    ):
        said = [child.communicate(timeout=600)[1] for child in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), said
    waited, made = sorted(said, key=lambda text: "booting " in text)
    assert "booting " not in waited
    assert f"waiting for another run that prepares {LINE} on pair" in waited
    assert f"booting {LINE} on pair (once)" in made
    assert f"{LINE} on pair is ready: " in made
    assert all(f"{LINE} on pair answers" in text for text in said)
    assert len(list(cold.glob("lab-*/snapshots/*/*"))) == 1
    assert list(cold.glob("lab-*/scratch/*/*")) == []
    assert qemus(cold) == []
