"""The table of core PMUs."""

from __future__ import annotations

import pytest

from pytest_kvmpmu.data.core_pmus import CORE_PMUS, unknown_to


def test_names_and_compatibles_are_all_different() -> None:
    assert len({row.name for row in CORE_PMUS.values()}) == len(CORE_PMUS)


@pytest.mark.parametrize(
    ("compatible", "name", "core"),
    [
        ("arm,armv8-pmuv3", "armv8_pmuv3", ""),
        ("arm,cortex-a53-pmu", "armv8_cortex_a53", "cortex-a53"),
        ("arm,cortex-a520-pmu", "armv9_cortex_a520", "cortex-a520"),
        ("arm,neoverse-n1-pmu", "armv8_neoverse_n1", "neoverse-n1"),
        ("nvidia,denver-pmu", "armv8_nvidia_denver", "nvidia-denver"),
        ("apple,icestorm-pmu", "apple_icestorm_pmu", "apple-icestorm"),
    ],
)
def test_a_compatible_has_a_name_in_sysfs_and_a_core(compatible: str, name: str, core: str) -> None:
    assert (CORE_PMUS[compatible].name, CORE_PMUS[compatible].core) == (name, core)


def test_an_old_kernel_does_not_know_new_cores() -> None:
    cores = ["arm,cortex-a520-pmu", "arm,cortex-a53-pmu", "acme,core-pmu", "samsung,mongoose-pmu"]
    assert unknown_to(cores, (6, 1)) == ["arm,cortex-a520-pmu", "samsung,mongoose-pmu"]
    assert unknown_to(cores, (5, 10)) == ["arm,cortex-a520-pmu", "samsung,mongoose-pmu"]
    assert unknown_to(cores, (6, 12)) == ["samsung,mongoose-pmu"]
    assert unknown_to(cores, (7, 3)) == []
