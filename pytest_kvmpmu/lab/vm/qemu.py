"""QEMU: whether it is installed and new enough, and the command line of a lab machine.

Not for: running it (`machine`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from ...data.host import Host
from ...errors import UsageProblem
from ..host import programs
from ..host.requirements import QEMU

OLDEST = (7, 2)
MEMORY_MB = 256
# Freed pages become zero, and QEMU's snapshots omit zero pages.  Kernel page table isolation, which
# KASLR enables, makes QEMU flush its TLB at each system call.
_PARAMETERS = "panic=-1 init_on_free=1 kpti=off"
# Log level 1: a panic raises any level but 0, so its messages are shown; it also ends QEMU.
KERNEL_PARAMETERS = f"console=ttyAMA0 quiet loglevel=1 {_PARAMETERS}"
# For a kernel of the user's own: all messages, until /init lowers the level (`agent_files`).
OWN_KERNEL_PARAMETERS = f"console=ttyAMA0 earlycon loglevel=7 {_PARAMETERS}"


@dataclass(frozen=True)
class Qemu:
    """A usable QEMU: its path and the version that it reports."""

    path: str
    version: str


def find() -> str:
    """QEMU's path.  Raises `UsageProblem` if it is not installed."""
    return programs.find(QEMU, "the lab boots its kernels in QEMU")


def check(path: str) -> Qemu:
    """The QEMU at ``path``.  Raises `UsageProblem` if it is too old."""
    said = programs.output([path, "--version"], f"{path} --version")
    match = re.search(r"version (\d+)\.(\d+)\S*(?: \([^)]*\))?", said)
    needed = ".".join(map(str, OLDEST))
    if match is None:
        raise UsageProblem(f"{path} does not report its version", f"Install QEMU {needed} or newer")
    if (int(match[1]), int(match[2])) < OLDEST:
        raise UsageProblem(
            f"{path} is QEMU {match[1]}.{match[2]}, but the lab needs {needed} or newer",
            f"Install a newer QEMU, first on PATH as {QEMU}",
        )
    return Qemu(path, match[0].removeprefix("version "))


def board_options(host: Host, cpu: str) -> list[str]:
    """The options at boot, at resume and when QEMU writes its device tree."""
    if not host.pmus:
        cpu += ",pmu=off"
    return [
        *("-machine", "virt,virtualization=on,gic-version=3"),
        *("-cpu", cpu),
        *("-smp", str(len(host.cpus))),
        *("-m", str(MEMORY_MB)),
        *("-accel", "tcg,tb-size=128"),
        *("-display", "none"),
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
    ]


def run_options(kernel: Path, dtb: Path, parameters: str = KERNEL_PARAMETERS) -> list[str]:
    """The serial line on standard input and output, kernel, tree and kernel ``parameters``."""
    return [
        *("-chardev", "stdio,id=agent,signal=off"),
        *("-serial", "chardev:agent"),
        *("-kernel", str(kernel)),
        *("-dtb", str(dtb)),
        *("-append", parameters),
    ]


def own_device_tree(qemu: Qemu, host: Host, cpu: str, folder: Path) -> bytes:
    """The device tree that QEMU makes for that board; leaves a file in ``folder``."""
    options = board_options(host, cpu)
    options[1] += ",dumpdtb=own.dtb"  # a full path may contain a comma
    programs.output([qemu.path, *options], "asking QEMU for its device tree", cwd=folder)
    return (folder / "own.dtb").read_bytes()
