"""Why a kernel of the user's own did not start the agent, as far as its console shows.

Not for: Debian's kernels, which are known to boot; their console is shown unchanged.
"""

from __future__ import annotations

import re

# Text on the console, and its meaning; the first match counts.
_SIGNS = (
    (
        r"exists but couldn't execute it|Failed to execute /init",
        "the kernel cannot run /init: CONFIG_BINFMT_ELF and CONFIG_BINFMT_SCRIPT are needed",
    ),
    (
        r"[Uu]nable to mount root fs|Cannot open root device|No working init found",
        "the kernel did not use the initramfs: CONFIG_BLK_DEV_INITRD is needed",
    ),
    (
        r"mounting devtmpfs on /dev failed|can't open /dev/console",
        "the kernel has no devtmpfs: CONFIG_DEVTMPFS is needed",
    ),
    (r"mounting proc on /proc failed", "the kernel has no /proc: CONFIG_PROC_FS is needed"),
    (r"mounting sysfs on /sys failed", "the kernel has no /sys: CONFIG_SYSFS is needed"),
    (r"Python ended with status", "the kernel booted, but the agent did not start"),
    (r"Kernel panic - not syncing", "the kernel panicked"),
)
_SILENT = (
    "the kernel has no console on a PL011 (CONFIG_SERIAL_AMBA_PL011_CONSOLE)"
    " or stopped before it had one"
)
_NO_KVM = "the kernel booted without /dev/kvm: CONFIG_KVM is needed, and a start at EL2"
_NO_PMU = (
    "the kernel booted without a PMU for guests:"
    " CONFIG_PERF_EVENTS, CONFIG_ARM_PMU and, from 6.4, CONFIG_ARM_PMUV3 are needed"
)
_ABOUT_KVM = re.compile(r"\bkvm\b.*:|HYP mode|started at EL")
_ABOUT_PMU = re.compile(r"hw perfevents|armv8-pmu|\bkvm\b.*PMU")
_MOST_LINES = 5


def of_boot(console: str, page_kilobytes: int | None, cpu: str) -> str:
    """The likely reason why the agent did not start, in one sentence; empty if unknown."""
    if not console.strip():
        pages = f"; it has pages of {page_kilobytes} kB, which a {cpu} may not support"
        return _SILENT + (pages if page_kilobytes == 16 else "")
    for sign, meaning in _SIGNS:
        if re.search(sign, console):
            return meaning
    return ""


def of_machine(facts: dict[str, object], pmus: int, console: str) -> str:
    """What the machine that ``facts`` (agent.describe) describe lacks; empty if nothing.

    ``pmus`` is the number of PMUs of its board.
    """
    if facts.get("kvm") != "ok":
        lack, about = _NO_KVM, _ABOUT_KVM
    elif pmus and not (facts.get("pmus") and facts.get("pmu_v3")):
        lack, about = _NO_PMU, _ABOUT_PMU
    else:
        return ""
    said = [line.strip() for line in console.splitlines() if about.search(line)]
    return "; it says: ".join([lack, *([" | ".join(said[-_MOST_LINES:])] if said else [])])
