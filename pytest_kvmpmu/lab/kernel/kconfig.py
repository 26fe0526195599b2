"""Whether a kernel's configuration has all the options that the lab needs.

Not for: changing one, or the symptoms of a missing option (`postmortem`).
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from pathlib import Path

# The marks around an embedded configuration, which is gzipped (kernel/configs.c).
_START, _END = b"IKCFG_ST", b"IKCFG_ED"
_SET = re.compile(r"^CONFIG_(\w+)=(\S*)", re.MULTILINE)
_HEADER = re.compile(r"^# Linux/\S+ (\d+\.\d+\S*) Kernel Configuration", re.MULTILINE)
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True)
class Need:
    """An option that must be ``y``: what it is for, and the first release that has it.

    Without an option with ``boots`` the agent does not start; without one of the others it
    starts, but the machine cannot run the specs.
    """

    option: str
    what: str
    boots: bool = True
    since: tuple[int, int] = (0, 0)


NEEDS = (
    Need("BLK_DEV_INITRD", "the initramfs"),
    Need("BINFMT_ELF", "programs"),
    Need("BINFMT_SCRIPT", "scripts, of which /init is one"),
    Need("SERIAL_AMBA_PL011", "the serial line"),
    Need("SERIAL_AMBA_PL011_CONSOLE", "a console on the serial line"),
    Need("ARM_GIC_V3", "the interrupt controller"),
    Need("PROC_FS", "/proc"),
    Need("SYSFS", "/sys"),
    Need("DEVTMPFS", "/dev"),
    Need("KVM", "KVM", boots=False),
    Need("PERF_EVENTS", "perf events", boots=False),
    Need("ARM_PMU", "the driver of core PMUs", boots=False),
    Need("ARM_PMUV3", "the driver of PMUv3", boots=False, since=(6, 4)),
)


@dataclass(frozen=True)
class Config:
    """A configuration's text and its place; ``sure`` if it is certainly that of the kernel."""

    text: str
    place: str
    sure: bool

    def lacks(self, release: str) -> list[Need]:
        """What the lab needs and a kernel of that release lacks, in the order of `NEEDS`."""
        found = dict(_SET.findall(self.text))
        version = re.match(r"(\d+)\.(\d+)", release)
        number = (int(version[1]), int(version[2])) if version else (0, 0)
        return [n for n in NEEDS if number >= n.since and found.get(n.option) != "y"]

    def describe(self, needs: list[Need]) -> str:
        """One line that lists missing ``needs``."""
        found = dict(_SET.findall(self.text))
        listed = [
            f"{need.what} (CONFIG_{need.option}"
            + (", a module, but the lab loads none)" if found.get(need.option) == "m" else ")")
            for need in needs
        ]
        return f"{self.place} lacks {', '.join(listed)}"


def find(image: bytes, path: Path, release: str) -> Config | None:
    """The configuration in ``image``, or the one that its build left near its file ``path``.

    A configuration of another release is ignored.
    """
    text = embedded(image)
    if text is not None:
        return Config(text, f"the configuration in {path.name}", sure=True)
    for place in _places(path, release):
        try:
            text = place.read_text(errors="replace")
        except OSError:
            continue
        header = _HEADER.search(text)
        # The header has the version without the suffix that the build adds.
        if header is not None and release.startswith(header[1]):
            return Config(text, str(place), sure=False)
    return None


def embedded(image: bytes) -> str | None:
    """The configuration that CONFIG_IKCONFIG puts into an Image."""
    start, end = image.find(_START), image.find(_END)
    if not 0 <= start < end:
        return None
    try:
        packed = image[start + len(_START) : end]
        return zlib.decompressobj(_GZIP).decompress(packed).decode(errors="replace")
    except zlib.error:
        return None  # the marks without a configuration


def _places(path: Path, release: str) -> list[Path]:
    folder = path.parent
    places = [folder / f"config-{release}", folder / "config", folder / ".config"]
    if folder.parts[-3:] == ("arch", "arm64", "boot"):
        places.append(folder.parents[2] / ".config")
    return places
