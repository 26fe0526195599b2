"""Describes this machine: kernel, CPUs, core PMUs, and what prevents the use of KVM."""

from __future__ import annotations

import errno
import os
import platform
from pathlib import Path
from typing import Any

from ..uapi import constants as k
from ..uapi import ioctl as req
from . import hypervisor
from .syscall import ioctl

_PMUS = Path("/sys/bus/event_source/devices")
_CPUS = Path("/sys/devices/system/cpu")
_TREE = Path("/proc/device-tree")
_DEVICE = "/dev/kvm"


def describe() -> dict[str, Any]:
    """The facts as JSON values; ``kvm`` is ``ok`` or names the first thing that is missing.

    ``present`` and ``online`` are CPU lists as sysfs has them, ``page_size`` is in bytes.  Not the
    usable CPUs: they are the CPUs that the process had before its threads moved.
    """
    return {
        "machine": platform.machine(),
        "system": platform.system(),
        "release": platform.release(),
        "present": _cpu_list("present"),
        "online": _cpu_list("online"),
        "page_size": os.sysconf("SC_PAGESIZE"),
        "pmus": _core_pmus(),
        "pmu_nodes": _pmu_nodes(),
        **_kvm(),
    }


def _cpu_list(name: str) -> str:
    """The list in that file of sysfs; empty if it has none."""
    path = _CPUS / name
    return path.read_text().strip() if path.is_file() else ""


def _core_pmus() -> list[dict[str, Any]]:
    """The core PMUs: those with a ``cpus`` file (uncore PMUs have ``cpumask``), by type id."""
    found = []
    for directory in _PMUS.glob("*") if _PMUS.is_dir() else ():
        cpus = directory / "cpus"
        if cpus.is_file():
            found.append(
                {
                    "name": directory.name,
                    "type": int((directory / "type").read_text()),
                    "cpus": cpus.read_text().strip(),
                }
            )
    return sorted(found, key=lambda pmu: pmu["type"])


def _pmu_nodes() -> list[str]:
    """The first compatible of each PMU node of the device tree, whether a driver knows it or not.

    They are children of the root whose compatible ends in ``pmu`` or ``pmuv3``.
    """
    found = []
    for file in _TREE.glob("*/compatible"):
        first = file.read_bytes().split(b"\0")[0].decode(errors="replace")
        if first.endswith(("pmu", "pmuv3")):
            found.append(first)
    return sorted(found)


def _kvm() -> dict[str, Any]:
    try:
        fd = os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
    except OSError as error:
        missing = error.errno in (errno.ENOENT, errno.ENODEV, errno.ENXIO)
        answer: dict[str, Any] = {"kvm": "missing" if missing else "denied"}
        if not missing:
            answer["why"] = os.strerror(error.errno or 0)
            answer["group"] = Path(_DEVICE).stat().st_gid
        return answer
    try:
        version, _ = ioctl(fd, req.KVM_GET_API_VERSION, 0)
        pmu_v3 = _capability(fd, "KVM_CAP_ARM_PMU_V3") > 0
        return {"kvm": "ok", "api_version": version, "pmu_v3": pmu_v3, **hypervisor.describe(fd)}
    finally:
        os.close(fd)


def _capability(fd: int, name: str) -> int:
    return ioctl(fd, req.KVM_CHECK_EXTENSION, k.CAPABILITIES[name])[0]
