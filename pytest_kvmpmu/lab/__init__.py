"""The lab: a heterogeneous arm64 KVM host in software, QEMU with stock kernels.

`start` returns a machine whose agent answers.  Importing this is cheap.
Not for: requests to the agent (`targets`).
"""

from __future__ import annotations

from .failure import LabFailure
from .fit import core_of, fitted
from .lines import load as check_line
from .lines import names as line_names
from .lines import usual_names as usual_line_names
from .progress import Progress
from .start import setup, start
from .vm import cpu as cpus
from .vm.console import Console
from .vm.machine import Machine

__all__ = [
    "Console",
    "LabFailure",
    "Machine",
    "Progress",
    "check_line",
    "core_of",
    "cpus",
    "fitted",
    "line_names",
    "setup",
    "start",
    "usual_line_names",
]
