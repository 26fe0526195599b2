"""``kvmpmu lab export`` and ``import``."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from pytest_kvmpmu.commands.lab import carry as command
from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.store.cache import Cache

from ...lab.carry.conftest import OTHER, PLACES
from ...lab.conftest import LINE


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_parser(parser.add_subparsers())
    return parser.parse_args(arguments)


def test_the_commands_carry_a_lab(
    here: Cache, there: Cache, started: list[str], tmp_path: Path
) -> None:
    path = str(tmp_path / "lab.tar.gz")
    folders = [str(cache.root.parent) for cache in (here, there)]
    export = parsed("export", path, LINE, "--topology", "one-pmu", "--cache-dir", folders[0])
    assert export.run(export) == 0
    assert started == [f"{LINE} on one-pmu"]
    take = parsed("import", path, "--cache-dir", folders[1])
    assert take.run(take) == 0
    assert there.find(PLACES[LINE]) is not None


def test_an_export_tries_the_cores_that_are_asked_for(
    here: Cache, started: list[str], tmp_path: Path
) -> None:
    folder = str(here.root.parent)
    args = parsed("export", str(tmp_path / "x"), LINE, "--cpu=cortex-a76", "--cache-dir", folder)
    assert args.run(args) == 0
    assert started == [f"{LINE} on rockpro64 with cortex-a76"]


def test_an_import_can_make_the_snapshots_too(file: Path, there: Cache, started: list[str]) -> None:
    started.clear()
    boot, folder = ["--topology", "no-pmu", "--cpu", "max"], str(there.root.parent)
    args = parsed("import", str(file), *boot, "--cache-dir", folder)
    assert args.run(args) == 0
    assert started == [f"{LINE} on no-pmu with max", f"{OTHER} on no-pmu with max"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--cpu", "max"], "--cpu max has no effect on an import that boots nothing"),
        (["--topology", "armv8-1"], "armv8-1 is a board for the model only"),
    ],
)
def test_an_import_that_could_not_boot_takes_nothing(
    arguments: list[str], says: str, file: Path, there: Cache
) -> None:
    args = parsed("import", str(file), *arguments, "--cache-dir", str(there.root.parent))
    with pytest.raises(UsageProblem, match=says):
        args.run(args)
    assert there.find(PLACES[LINE]) is None


def test_an_unknown_line_or_board_is_refused_before_anything_is_done(
    here: Cache, started: list[str], tmp_path: Path
) -> None:
    for arguments in (["x", "4.4"], ["x", LINE, "--topology", "none"]):
        args = parsed("export", *arguments, "--cache-dir", str(here.root.parent))
        with pytest.raises(UsageProblem, match="unknown"):
            args.run(args)
    assert started == []
