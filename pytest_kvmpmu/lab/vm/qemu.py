"""QEMU: is it here and new enough, and the command line of a lab machine.

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
# Freed pages become zero, and QEMU's snapshots leave zero pages out.  Kernel page table isolation,
# which KASLR brings, has QEMU forget all translated addresses at each system call.
_PARAMETERS = "panic=-1 init_on_free=1 kpti=off"
# Log level 1: a panic raises any level but 0, and so is seen; it also ends QEMU.
KERNEL_PARAMETERS = f"console=ttyAMA0 quiet loglevel=1 {_PARAMETERS}"
# For a kernel of the user's own: all that it says, until /init turns it down (`agent_files`).
OWN_KERNEL_PARAMETERS = f"console=ttyAMA0 earlycon loglevel=7 {_PARAMETERS}"


@dataclass(frozen=True)
class Qemu:
    """A QEMU that will do: its path and what it says of its version."""

    path: str
    version: str


def find() -> str:
    """QEMU's path.  `UsageProblem` where there is none."""
    return programs.find(QEMU, "the lab boots its kernels in QEMU")


def check(path: str) -> Qemu:
    """The QEMU at ``path``.  `UsageProblem` where it is too old."""
    said = programs.output([path, "--version"], f"{path} --version")
    match = re.search(r"version (\d+)\.(\d+)\S*(?: \([^)]*\))?", said)
    needed = ".".join(map(str, OLDEST))
    if match is None:
        raise UsageProblem(
            f"{path} does not say its version", f"The lab needs QEMU {needed} or newer"
        )
    if (int(match[1]), int(match[2])) < OLDEST:
        raise UsageProblem(
            f"{path} is QEMU {match[1]}.{match[2]}, the lab needs {needed} or newer",
            f"Install a newer QEMU, first on PATH as {QEMU}",
        )
    return Qemu(path, match[0].removeprefix("version "))


def board_options(host: Host, cpu: str) -> list[str]:
    """What is the same at boot, at resume and when QEMU writes its device tree."""
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
    """The serial line on standard input and output, and what is booted with ``parameters``."""
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
    options[1] += ",dumpdtb=own.dtb"  # a whole path could have a comma in it
    programs.output([qemu.path, *options], "asking QEMU for its device tree", cwd=folder)
    return (folder / "own.dtb").read_bytes()
