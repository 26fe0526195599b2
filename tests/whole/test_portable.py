"""A run on the model imports nothing that exists only on Linux or Unix."""

from __future__ import annotations

import subprocess
import sys

from pytest_kvmpmu.support.resources import conformance_dir

# Modules that Python lacks on Windows, and those that only the agent may use.
ABSENT = ("fcntl", "grp", "pwd", "resource", "termios", "tty")
AGENT = "pytest_kvmpmu.agent"

PROGRAM = """
import sys
for name in {absent!r}:
    sys.modules[name] = None
import pytest
status = pytest.main([{specs!r}, "-q", "-p", "no:cacheprovider", "-k", "cover_letter"])
assert not any(name.startswith({agent!r}) for name in sys.modules), "the agent was imported"
sys.exit(status)
"""


def test_the_specs_run_on_the_model_without_unix() -> None:
    program = PROGRAM.format(absent=ABSENT, specs=str(conformance_dir()), agent=AGENT)
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
