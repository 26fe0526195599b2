"""What a host asks of QEMU and of the kernel's command line.

Not for: whether the lab can boot it (`fit`).
"""

from __future__ import annotations

from ...data.gic import DEFAULT as GICV3
from ...data.host import Host

GICV2 = 2
# The version of the board's GIC, by the vGICs that KVM makes on it.  In protected mode KVM makes
# none on a GICv2: that is the board without a vGIC.
GICS = {(GICV3,): GICV3, (GICV2,): GICV2, (): GICV2}
# QEMU's virt machine has at most this number of CPUs with such a GIC.
MOST_CPUS = {GICV2: 8}
MEMORY_MB, NESTED_MEMORY_MB = 256, 512
# Nested virtualisation needs FEAT_NV2.  10.0 is the oldest version that was tried; 7.2 lacks it.
OLDEST_QEMU, NESTED_QEMU = (7, 2), (10, 0)


def gic(host: Host) -> int:
    """The version of the board's GIC."""
    return GICS[host.gics]


def usual(host: Host) -> bool:
    """Whether it has a GICv3 and no kernel parameters of its own."""
    return gic(host) == GICV3 and not parameters(host)


def memory(host: Host) -> int:
    """The board's memory, in MB."""
    return NESTED_MEMORY_MB if host.nested else MEMORY_MB


def oldest_qemu(host: Host) -> tuple[int, int]:
    """The oldest version of QEMU that has the board."""
    return NESTED_QEMU if host.nested else OLDEST_QEMU


def parameters(host: Host) -> str:
    """The parameters that the board adds to the kernel's command line.

    The kernel passes ``kvmpmu_offline``, which it does not know, to /init as a variable.
    """
    added = []
    if host.protected:
        added.append("kvm-arm.mode=protected")
    if host.nested:
        added.append("kvm-arm.mode=nested")
    if host.maxcpus is not None:
        added.append(f"maxcpus={host.maxcpus}")
    if later := [cpu for cpu in sorted(host.offline) if cpu < (host.maxcpus or cpu + 1)]:
        added.append(f"kvmpmu_offline={','.join(map(str, later))}")
    return " ".join(added)
