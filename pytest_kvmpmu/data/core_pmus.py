"""The core PMUs that arm64 kernels know by their device tree's name.

The compatibles and the names in sysfs are those of drivers/perf/arm_pmuv3.c and
drivers/perf/apple_m1_cpu_pmu.c (6.1: arch/arm64/kernel/perf_event.c), as Linux 6.1 and 6.12 have
them.  Counters and versions are from the cores' Technical Reference Manuals.
Not for: a device tree (`device_tree`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from .host import IMPDEF, PMUV3, PMUV3_8_1


class CorePmu(NamedTuple):
    """One compatible.

    ``name`` is what sysfs shows.  ``lacks`` is the latest release among those that were read that
    does not know it: (6, 1) or None.  ``counters`` are the event counters without the cycle
    counter, ``pmuver`` is PMUVer of ID_AA64DFR0_EL1; None where the core's configuration
    or no manual says.
    """

    compatible: str
    name: str
    counters: int | None = None
    pmuver: int | None = None
    lacks: tuple[int, int] | None = None

    @property
    def core(self) -> str:
        """``cortex-a53``; empty for the generic PMU."""
        maker, _, rest = self.compatible.partition(",")
        core = rest.removesuffix("-pmu")
        if core == "armv8-pmuv3":
            return ""
        return core if maker == "arm" else f"{maker}-{core}"


def _arm(
    version: int, core: str, counters: int | None = None, pmuver: int | None = None
) -> CorePmu:
    name = f"armv{version}_{core.replace('-', '_')}"
    return CorePmu(f"arm,{core}-pmu", name, counters, pmuver)


def _later(version: int, core: str) -> CorePmu:
    return _arm(version, core)._replace(lacks=(6, 1))


_ROWS = (
    CorePmu("arm,armv8-pmuv3", "armv8_pmuv3"),
    _arm(8, "cortex-a34"),
    _arm(8, "cortex-a35", 6, PMUV3),
    _arm(8, "cortex-a53", 6, PMUV3),
    _arm(8, "cortex-a55", 6, PMUV3_8_1),
    _arm(8, "cortex-a57", 6, PMUV3),
    _arm(8, "cortex-a65"),
    _arm(8, "cortex-a72", 6, PMUV3),
    _arm(8, "cortex-a73", 6, PMUV3),
    _arm(8, "cortex-a75", 6, PMUV3_8_1),
    _arm(8, "cortex-a76", 6, PMUV3_8_1),
    _arm(8, "cortex-a77", 6, PMUV3_8_1),
    _arm(8, "cortex-a78", 6, PMUV3_8_1),
    _arm(9, "cortex-a510"),
    _later(9, "cortex-a520"),
    _arm(9, "cortex-a710"),
    _later(9, "cortex-a715"),
    _later(9, "cortex-a720"),
    _later(9, "cortex-a725"),
    _arm(8, "cortex-x1", 6, PMUV3_8_1),
    _arm(9, "cortex-x2"),
    _later(9, "cortex-x3"),
    _later(9, "cortex-x4"),
    _later(9, "cortex-x925"),
    _arm(8, "neoverse-e1"),
    _arm(8, "neoverse-n1", 6, PMUV3_8_1),
    _arm(9, "neoverse-n2"),
    _later(9, "neoverse-n3"),
    _arm(8, "neoverse-v1"),
    _later(8, "neoverse-v2"),
    _later(8, "neoverse-v3"),
    _later(8, "neoverse-v3ae"),
    CorePmu("cavium,thunder-pmu", "armv8_cavium_thunder"),
    CorePmu("brcm,vulcan-pmu", "armv8_brcm_vulcan"),
    CorePmu("nvidia,carmel-pmu", "armv8_nvidia_carmel"),
    CorePmu("nvidia,denver-pmu", "armv8_nvidia_denver"),
    CorePmu("samsung,mongoose-pmu", "armv8_samsung_mongoose", lacks=(6, 12)),
    CorePmu("apple,icestorm-pmu", "apple_icestorm_pmu", 8, IMPDEF),
    CorePmu("apple,firestorm-pmu", "apple_firestorm_pmu", 8, IMPDEF),
    CorePmu("apple,blizzard-pmu", "apple_blizzard_pmu", 8, IMPDEF, (6, 1)),
    CorePmu("apple,avalanche-pmu", "apple_avalanche_pmu", 8, IMPDEF, (6, 1)),
)
# By compatible.
CORE_PMUS: Mapping[str, CorePmu] = {row.compatible: row for row in _ROWS}


def unknown_to(compatibles: Iterable[str], release: tuple[int, int]) -> list[str]:
    """Those of the ``compatibles`` that the kernel ``release``, like (6, 1), does not know.

    A kernel without a driver for a PMU's compatible does not register the PMU.  A compatible that
    is not in the table is not named, and neither is one of which no release without it was read.
    """
    return [
        name
        for name in compatibles
        if name in CORE_PMUS and (CORE_PMUS[name].lacks or (0, 0)) >= release
    ]
