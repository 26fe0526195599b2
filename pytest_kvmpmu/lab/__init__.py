"""The lab: a heterogeneous arm64 KVM host in software, QEMU with stock kernels.

`start` gives a machine in which an agent answers.  Importing this is cheap.
Not for: what is said to the agent; that is the targets' business.
"""

from __future__ import annotations

from . import cpu as cpus
from .console import Console, LabFailure, Progress
from .lines import load as check_line
from .lines import names as line_names
from .machine import Machine
from .start import setup, start

__all__ = [
    "Console",
    "LabFailure",
    "Machine",
    "Progress",
    "check_line",
    "cpus",
    "line_names",
    "setup",
    "start",
]
