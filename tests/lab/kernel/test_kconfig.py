"""What a configuration says about a kernel that can't run the specs."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from pytest_kvmpmu.errors import UsageProblem
from pytest_kvmpmu.lab.kernel import kconfig
from pytest_kvmpmu.lab.kernel.own import OwnKernel
from pytest_kvmpmu.lab.vm.console import Console

from .test_image import RELEASE, made

VERSION = "6.13.0-rc2"
HEADER = f"#\n# Automatically generated file.\n# Linux/arm64 {VERSION} Kernel Configuration\n#\n"


def config(**changed: str | None) -> str:
    """A suitable configuration with options changed; None: not set."""
    options = {need.option: "y" for need in kconfig.NEEDS} | changed
    return HEADER + "".join(
        f"CONFIG_{name}={value}\n" if value else f"# CONFIG_{name} is not set\n"
        for name, value in options.items()
    )


def embedding(text: str) -> bytes:
    return made() + b"IKCFG_ST" + gzip.compress(text.encode()) + b"IKCFG_ED" + bytes(100)


def kernel(content: bytes, path: Path) -> OwnKernel:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return OwnKernel(content, path, "cortex-a57")


@pytest.mark.parametrize(
    ("image", "config_file"),
    [
        ("Image", "config-" + RELEASE),
        ("Image", "config"),
        ("Image", ".config"),
        ("linux/vmlinux", "linux/.config"),
        ("linux/arch/arm64/boot/Image.gz", "linux/.config"),
    ],
)
def test_the_configuration_that_a_build_leaves_is_found(
    image: str, config_file: str, tmp_path: Path, said: list[str]
) -> None:
    place = tmp_path / config_file
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(config(KVM=None))
    kernel(made(), tmp_path / image).check(said.append)
    assert said == [f"{place} lacks KVM (CONFIG_KVM)"]


@pytest.mark.parametrize(
    "text", ["", "CONFIG_SMP=y\n", config(KVM=None).replace(VERSION, "6.12.0")], ids=repr
)
def test_a_configuration_of_another_kernel_is_none(
    text: str, tmp_path: Path, said: list[str]
) -> None:
    (tmp_path / ".config").write_text(text)
    (tmp_path / "config").mkdir()
    kernel(made(), tmp_path / "Image").check(said.append)
    assert said == []


def test_a_configuration_that_will_do_is_not_spoken_of(tmp_path: Path, said: list[str]) -> None:
    kernel(embedding(config()), tmp_path / "Image").check(said.append)
    assert said == []


def test_what_is_missing_is_listed_with_what_it_is_for(tmp_path: Path, said: list[str]) -> None:
    text = config(KVM=None, ARM_PMUV3="m", ARM_PMU=None)
    kernel(embedding(text), tmp_path / "Image").check(said.append)
    assert said == [
        "the configuration in Image lacks KVM (CONFIG_KVM), the driver of core PMUs"
        " (CONFIG_ARM_PMU), the driver of PMUv3 (CONFIG_ARM_PMUV3, a module, but the lab loads"
        " none)"
    ]


def test_an_option_of_newer_kernels_is_not_missed_in_older_ones() -> None:
    found = kconfig.Config(config(ARM_PMUV3=None), "it", sure=True)
    assert found.lacks("6.3.1") == []
    assert [need.option for need in found.lacks("6.4.0")] == ["ARM_PMUV3"]
    assert [need.option for need in found.lacks("6.10.0")] == ["ARM_PMUV3"]


@pytest.mark.parametrize("option", [need.option for need in kconfig.NEEDS if need.boots])
def test_a_kernel_that_is_sure_not_to_boot_is_not_booted(
    option: str, tmp_path: Path, said: list[str]
) -> None:
    text = config(**{option: None, "KVM": None})
    with pytest.raises(UsageProblem, match=rf"Image cannot boot in the lab: .*CONFIG_{option}\)\."):
        kernel(embedding(text), tmp_path / "Image").check(said.append)


def test_a_file_beside_it_may_be_wrong_and_is_only_told(tmp_path: Path, said: list[str]) -> None:
    (tmp_path / ".config").write_text(config(BLK_DEV_INITRD=None))
    own = kernel(made(), tmp_path / "Image")
    own.check(said.append)
    told = f"{tmp_path}/.config lacks the initramfs (CONFIG_BLK_DEV_INITRD)"
    assert said == [told]
    console = Console()
    console.append("Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)")
    assert own.why_no_agent(console) == (
        f"the kernel did not use the initramfs: CONFIG_BLK_DEV_INITRD is needed; {told}"
    )


@pytest.mark.parametrize(
    "content",
    [made() + b"IKCFG_ST", made() + b"IKCFG_EDIKCFG_ST", made() + b"IKCFG_STnoIKCFG_ED"],
    ids=["no end", "end first", "no gzip"],
)
def test_marks_without_a_configuration_are_none(content: bytes) -> None:
    assert kconfig.embedded(content) is None
