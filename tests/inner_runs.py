"""Runs of pytest within a test: alone or with xdist's workers, and what a usage error looks like.

With workers a run starts two more processes, and prints the same on every Python.  So use
`WORKERS` only in tests about xdist.
"""

from __future__ import annotations

import pytest

# Arguments of a run, alone and with two workers.
EITHER_WAY = (
    pytest.param((), id="alone"),
    pytest.param(("-n2",), id="two-workers", marks=pytest.mark.once),
)
WORKERS = pytest.mark.parametrize("workers", EITHER_WAY)

# A conftest.py with which writing any file fails.
FULL_DISK = """
from pytest_kvmpmu.support.whole_file import WholeFile

def finish(self):
    with self.os_errors():
        raise OSError(28, "No space left on device")

WholeFile.finish = finish
"""
# A conftest.py with which each worker has its own kernel.
KERNEL_OF_EACH_WORKER = """
import os
from pytest_kvmpmu.backends import model

begin = model.ModelBackend.__init__

def init(self, *args):
    begin(self, *args)
    self.release = "6.12." + os.environ.get("PYTEST_XDIST_WORKER", "")[-1:]

model.ModelBackend.__init__ = init
"""


def usage_error(result: pytest.RunResult) -> str:
    """The single line of a usage error; fails if there is a traceback."""
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    text = result.outlines + result.errlines
    assert not [line for line in text if "Traceback" in line or "INTERNALERROR" in line]
    (line,) = [line for line in text if line.startswith("ERROR: ")]
    assert line.startswith("ERROR: pytest-kvmpmu: ")
    return line
