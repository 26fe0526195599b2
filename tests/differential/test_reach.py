"""How often a search reaches the states that matter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from pytest_kvmpmu.support.resources import PACKAGE

# A long search runs the lines of a short one.  So it has a process without coverage, with which it
# takes three times as long.
SEARCH = """
import sys
from pathlib import Path
from tests.differential import broken
from tests.differential.test_search import search
made = search(Path(sys.argv[1]), broken.right, examples=600)
made.against_the_model()
print(*made.reach.lines(), sep="\\n")
"""


def test_the_states_that_matter_are_reached_often(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SEARCH, tmp_path],
        cwd=PACKAGE.parent,
        env={name: value for name, value in os.environ.items() if "COVERAGE" not in name},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    head, *lines = done.stdout.splitlines()
    shares = {line.split("%")[1].strip(): float(line.split("%")[0]) for line in lines}
    assert "share of sequences that reach" in head
    assert shares["a guest run"] > 10
    assert shares["KVM_EXIT_FAIL_ENTRY"] > 5
    assert shares["a conflict of SET_PMU with a FILTER"] > 1
    for state in (
        *("SET IRQ: EBUSY", "SET IRQ: EINVAL", "SET IRQ: EFAULT", "SET IRQ: ENODEV"),
        *("SET INIT: EBUSY", "SET INIT: ENODEV", "SET INIT: ENXIO"),
        *("SET FILTER: EBUSY", "SET FILTER: EINVAL", "SET FILTER: EFAULT", "SET FILTER: ENODEV"),
        *("SET SET_PMU: EBUSY", "SET SET_PMU: ENXIO", "SET SET_PMU: EFAULT"),
        *("KVM_RUN: ENOEXEC", "KVM_RUN: EINVAL", "KVM_RUN: EINTR"),
    ):
        assert shares[state] > 1, state
