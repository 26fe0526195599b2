"""A host as its device tree describes it: CPUs, core PMUs and vGICs.

The sources of the rules are in the functions.  Not for: what no device tree says, such as the
limit of the guests' addresses; those keep `Host`'s defaults.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..errors import UsageProblem
from ..support.devicetree import cell, cells, enabled, inherited, strings, walk
from .core_pmus import CORE_PMUS, CorePmu
from .gic import DEFAULT as DEFAULT_GIC
from .host import IMPDEF, IPA_BITS, PMUV3, Host, Pmu

# The model gives out perf type ids from here, as small kernels do.
FIRST_TYPE = 8
# First cell of an interrupt of the GIC: a private one of each CPU.  AIC's: a fast interrupt.
PPI = 1
AIC_FIQ = 1
# On the M1 physical addresses have 36 bits.
APPLE_IPA_BITS = 36
_V2 = frozenset(
    ("arm,gic-400", "arm,cortex-a15-gic", "arm,cortex-a9-gic", "arm,cortex-a7-gic", "arm,pl390")
) | {"qcom,msm-qgic2", "arm,arm11mp-gic"}
_V3, _V5, _AIC = "arm,gic-v3", "arm,gic-v5", ("apple,aic", "apple,aic2")
_RIGHT = "Name the device tree of an arm64 host with core PMUs"


class _Found(NamedTuple):
    node: Any
    row: CorePmu
    cpus: frozenset[int]


def host(root: Any, what: str, boot: int = 0) -> Host:
    """The host of the tree with this root (`support.devicetree.parse`).

    ``what`` the tree is, for messages.  ``boot`` is the place of the boot CPU's node among those
    of the CPUs, from 0; a tree does not say it.  A PMU's ``counters`` and ``pmuver`` are None where
    its core does not say them.
    Raises `UsageProblem` for a tree without CPUs or PMUs, and for PMUs that share a CPU or a name.
    """
    handles = _cpus(root)
    if not handles:
        raise UsageProblem(f"{what} has no CPUs below /cpus", _RIGHT)
    if not 0 <= boot < len(handles):
        raise UsageProblem(
            f"{what} has no CPU node {boot}", f"The CPU nodes are 0 to {len(handles) - 1}"
        )
    handles.insert(0, handles.pop(boot))
    numbers = {handle: number for number, handle in enumerate(handles) if handle is not None}
    found = _pmus(root, numbers, len(handles))
    if not found:
        raise UsageProblem(f"{what} has no core PMU that a kernel knows", _RIGHT)
    _distinct(found, what)
    pmus = tuple(
        Pmu(
            one.row.name,
            FIRST_TYPE + number,
            one.cpus,
            one.row.counters,
            one.row.compatible,
            one.row.pmuver,
            core=one.row.core,
        )
        for number, one in enumerate(found)
    )
    apple = all(pmu.pmuver == IMPDEF for pmu in pmus)
    return Host(
        "board",
        tuple(range(len(handles))),
        pmus,
        " ".join(strings(root, "model")[:1]),
        PMUV3,
        impdef_traps=apple,
        gics=gics(root),
        ipa_bits=APPLE_IPA_BITS if apple else IPA_BITS,
    )


def core_pmus(root: Any) -> list[tuple[Any, CorePmu]]:
    """The nodes of core PMUs, in the tree's order, and what each is.

    The order is that of the probes: of_platform_populate makes the devices in it.  A node counts
    with the first of its compatibles that a kernel knows.
    """
    found = []
    for node in walk(root):
        known = [name for name in strings(node, "compatible") if name in CORE_PMUS]
        if known and enabled(node):
            found.append((node, CORE_PMUS[known[0]]))
    return found


def gics(root: Any) -> tuple[int, ...]:
    """The versions of the vGICs that KVM makes on a host with this tree, the one to use first.

    KVM has a GICv2 for guests where the tree gives the registers of the virtual CPU interface:
    the fourth region of a GICv2 (gic_of_setup_kvm_info in drivers/irqchip/irq-gic.c), the third
    behind the redistributors of a GICv3 (gic_of_setup_kvm_info in irq-gic-v3.c).  Apple's cores
    have GICv3's CPU interface for guests.  An unknown interrupt controller counts as a GICv3.
    """
    for node in walk(root):
        names = strings(node, "compatible")
        if not enabled(node) or "interrupt-controller" not in {p.name for p in node.props}:
            continue
        if _V5 in names:
            return (5,)
        if _V3 in names:
            redistributors = cell(node, "#redistributor-regions", 1) or 1
            return (3, 2) if _regions(node) >= 4 + redistributors else (3,)
        if not _V2.isdisjoint(names):
            return (2,) if _regions(node) >= 4 else ()
    return (DEFAULT_GIC,)


def _regions(node: Any) -> int:
    """The number of regions in ``reg``."""
    width = (cell(node.parent, "#address-cells", 2) or 0) + (
        cell(node.parent, "#size-cells", 1) or 0
    )
    return len(cells(node, "reg")) // max(width, 1)


def _cpus(root: Any) -> list[int | None]:
    """The phandles of the CPUs in the order of their nodes.

    The kernel's numbers are 0 for the boot CPU, then those of the others in this order
    (of_parse_and_init_cpus in arch/arm64/kernel/smp.c).  A CPU with the status "fail" has none.
    """
    top = next((node for node in root.nodes if node.name == "cpus"), None)
    return [
        cell(node, "phandle", cell(node, "linux,phandle"))
        for node in (top.nodes if top is not None else ())
        if strings(node, "device_type") == ("cpu",)
        and not "".join(strings(node, "status")[:1]).startswith("fail")
    ]


def _pmus(root: Any, numbers: dict[int, int], count: int) -> list[_Found]:
    by_handle = {handle: node for node in walk(root) if (handle := cell(node, "phandle"))}
    everyone = frozenset(range(count))
    found = []
    for node, row in core_pmus(root):
        cpus = _covered(node, by_handle, numbers, everyone)
        found.append(_Found(node, row, cpus & everyone))
    return found


def _covered(
    node: Any, by_handle: dict[int, Any], numbers: dict[int, int], everyone: frozenset[int]
) -> frozenset[int]:
    """The CPUs of a PMU (pmu_parse_irqs in drivers/perf/arm_pmu_platform.c).

    A single private interrupt belongs to the CPUs of its partition, or to all.  Shared ones belong
    to the CPUs in ``interrupt-affinity``, or to CPU 0, 1 and so on.  No interrupt: all CPUs.
    """
    interrupts = cells(node, "interrupts")
    parent = by_handle.get(inherited(node, "interrupt-parent") or 0)
    if extended := cells(node, "interrupts-extended"):
        parent = by_handle.get(extended[0])
        width = (cell(parent, "#interrupt-cells", 3) if parent is not None else 3) or 3
        step = width + 1
        interrupts = tuple(c for at, c in enumerate(extended) if at % step)
    width = (cell(parent, "#interrupt-cells", 3) if parent is not None else 3) or 3
    one = interrupts[:width]
    if parent is not None and not set(_AIC).isdisjoint(strings(parent, "compatible")):
        return _of_aic(parent, one, numbers, everyone)
    if len(interrupts) == width and one[0] == PPI:
        partition = by_handle.get(one[3]) if width > 3 and one[3] else None
        if partition is None:
            return everyone
        return frozenset(numbers[h] for h in cells(partition, "affinity") if h in numbers)
    affinity = cells(node, "interrupt-affinity")
    if affinity:
        shared = affinity[: len(interrupts) // width] if interrupts else affinity
        return frozenset(numbers[handle] for handle in shared if handle in numbers)
    return frozenset(range(len(interrupts) // width)) if interrupts else everyone


def _of_aic(
    controller: Any, one: tuple[int, ...], numbers: dict[int, int], everyone: frozenset[int]
) -> frozenset[int]:
    """The CPUs of a fast interrupt of Apple's controller: those of its node in ``affinities``."""
    index = one[-2] if len(one) > 2 and one[0] == AIC_FIQ else None
    for node in walk(controller):
        if index is not None and cell(node, "apple,fiq-index") == index:
            return frozenset(numbers[h] for h in cells(node, "cpus") if h in numbers)
    return everyone


def _distinct(found: list[_Found], what: str) -> None:
    """Raise `UsageProblem` unless each PMU has its own name and CPUs."""
    for number, one in enumerate(found):
        if not one.cpus:
            raise UsageProblem(f"the PMU {one.node.name} of {what} covers no CPU", _RIGHT)
        for other in found[:number]:
            if common := one.cpus & other.cpus:
                raise UsageProblem(
                    f"the PMUs {other.node.name} and {one.node.name} of {what} both cover CPU"
                    f" {min(common)}",
                    "Use a tree that gives each its own CPUs, by interrupt-affinity or"
                    " ppi-partitions",
                )
            if one.row.name == other.row.name:
                raise UsageProblem(
                    f"the PMUs {other.node.name} and {one.node.name} of {what} are both"
                    f" {one.row.name}",
                    "Use a tree whose PMUs have compatibles of their own",
                )
