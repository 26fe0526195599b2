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
from . import hardware

OLDEST = hardware.OLDEST_QEMU
_NEEDED = ".".join(map(str, OLDEST))
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


def find(oldest: tuple[int, int] = OLDEST) -> str:
    """The path of the first QEMU on PATH.  Raises `UsageProblem` if it is not installed.

    For a board that needs a newer one than the lab does (``oldest``): of the first on PATH that is
    new enough.
    """
    first = programs.find(QEMU, "the lab boots its kernels in QEMU")
    if oldest <= OLDEST:
        return first
    for path in programs.all_on_path(QEMU):
        if _version(path)[0] >= oldest:
            return path
    needed, there = ".".join(map(str, oldest)), ".".join(map(str, _version(first)[0]))
    raise UsageProblem(
        f"this board needs QEMU {needed} or newer, but {first} is QEMU {there}",
        "On Debian 12 run `apt-get install -t bookworm-backports qemu-system-arm` as root,"
        f" on Debian 13 without -t; or put a newer {QEMU} into any folder on PATH",
    )


def check(path: str) -> Qemu:
    """The QEMU at ``path``.  Raises `UsageProblem` if it is too old."""
    found, text = _version(path)
    if found < OLDEST:
        raise UsageProblem(
            f"{path} is QEMU {found[0]}.{found[1]}, but the lab needs {_NEEDED} or newer",
            f"Install a newer QEMU, first on PATH as {QEMU}",
        )
    return Qemu(path, text)


def _version(path: str) -> tuple[tuple[int, int], str]:
    """The version of the QEMU at ``path``: its first two numbers, and as it reports it."""
    said = programs.output([path, "--version"], f"{path} --version")
    match = re.search(r"version (\d+)\.(\d+)\S*(?: \([^)]*\))?", said)
    if match is None:
        raise UsageProblem(
            f"{path} does not report its version", f"Install QEMU {_NEEDED} or newer"
        )
    return (int(match[1]), int(match[2])), match[0].removeprefix("version ")


def parameters(host: Host, own: bool) -> str:
    """The kernel's command line; ``own`` is true for a kernel of the user's own."""
    common = OWN_KERNEL_PARAMETERS if own else KERNEL_PARAMETERS
    return f"{common} {hardware.parameters(host)}".rstrip()


def board_options(host: Host, cpu: str) -> list[str]:
    """The options at boot, at resume and when QEMU writes its device tree."""
    if not host.pmus:
        cpu += ",pmu=off"
    return [
        *("-machine", f"virt,virtualization=on,gic-version={hardware.gic(host)}"),
        *("-cpu", cpu),
        *("-smp", str(len(host.present))),
        *("-m", str(hardware.memory(host))),
        *("-accel", "tcg,tb-size=128"),
        *("-display", "none"),
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
    ]


def run_options(kernel: Path, dtb: Path, parameters: str) -> list[str]:
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
