"""A place where the commands of the CI templates run, on the model.

What a command needs beside us is played by a program of its name: apt-get and pip do nothing, a
venv has these programs in it, and pytest is the real one, on the model and with few specs.
"""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from ..pages import DOCS, environment

CI = DOCS / "ci"

NOTHING = "exit 0"
PYTHON = """
case "$1 $2" in
"-m pip") shift 2; exec "{programs}/pip" "$@" ;;
"-m pytest") shift 2; exec "{programs}/pytest" "$@" ;;
"-m venv") mkdir -p "$3/bin"; cp "{programs}"/* "$3/bin" ;;
*) exec "{python}" "$@" ;;
esac
"""
PIP = """
while [ $# -gt 0 ]; do
    if [ "$1" = --target ]; then mkdir -p "$2"; fi
    shift
done
"""
# No kernel is booted here, and a few specs will do.
PYTEST = """
for given; do
    shift
    case "$given" in
    --kvmpmu-backend=real) set -- "$@" --kvmpmu-backend=model ;;
    --kvmpmu-target=lab:*) ;;
    --kvmpmu-require=real,*) set -- "$@" "--kvmpmu-require=${{given#*=real,}}" ;;
    --kvmpmu-gate=*) set -- "$@" "$given"; gated=yes ;;
    *) set -- "$@" "$given" ;;
    esac
done
if [ "${{gated-no}}" = no ]; then set -- "$@" -k cover_letter; fi
exec "{python}" -m pytest "$@"
"""
KVMPMU = """
if [ "$1" != lab ]; then
    exec "{python}" -c 'import sys; from pytest_kvmpmu.commands import main; sys.exit(main())' "$@"
fi
exec "{python}" -c 'from pytest_kvmpmu.commands import parser; parser().parse_args()' "$@"
"""
RECORD = 'printf "%s\\n" "$@" > "{folder}/arguments"'
LAVA = 'echo "$@" >> "{folder}/cases"'
PROGRAMS = {
    "apt-get": NOTHING,
    "python": PYTHON,
    "python3": PYTHON,
    "pip": PIP,
    "pytest": PYTEST,
    "kvmpmu": KVMPMU,
    "lava-test-case": LAVA,
    "tuxrun": RECORD,
    "vng": RECORD,
}


class Place:
    """A fresh folder, and the programs that are in reach there."""

    def __init__(self, folder: Path, installed: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        programs = folder / "programs"
        programs.mkdir()
        self.env = environment(installed)
        for name, text in PROGRAMS.items():
            text = text.format(programs=programs, python=sys.executable, folder=self.folder)
            path = programs / name
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        self.env["PATH"] = f"{programs}:{os.defpath}"

    def run(self, script: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run a script as CI does: it ends with the first command that fails."""
        return subprocess.run(
            ["sh", "-ec", script],
            cwd=self.folder,
            env={**self.env, **env},
            capture_output=True,
            text=True,
            check=False,
        )

    def works(self, script: str, **env: str) -> str:
        """What the script printed; it has to end well."""
        done = self.run(script, **env)
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    @property
    def cases(self) -> dict[str, str]:
        """The result of each test case that LAVA received."""
        lines = (self.folder / "cases").read_text().splitlines()
        found = {line.split()[0]: line.split()[2] for line in lines}
        assert len(found) == len(lines), "a test case was reported twice"
        return found


def load(name: str) -> Any:
    return YAML(typ="safe").load((CI / name).read_text(encoding="utf-8"))


def names(path: Path) -> set[str]:
    """The test cases in a file of JUnit's."""
    return {case.attrib["name"] for case in ET.parse(path).iter("testcase")}


COVER_LETTER = "test_the_chosen_pmu_counts_on_all_its_cpus[first-pmu]"
