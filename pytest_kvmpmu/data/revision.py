"""Revisions: the points at which behaviour that userspace can see changed, in order.

A kernel release maps to the newest revision that is not newer than it.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ..errors import UsageProblem, unknown


class Revision(NamedTuple):
    """One revision; ``linux-5.18`` is the behaviour of 5.18 and later, up to the next revision.

    They are ordered by their ``rank``.
    """

    rank: int
    name: str
    what: str

    def __str__(self) -> str:
        return self.name


REVISIONS = tuple(
    Revision(rank, name, what)
    for rank, (name, what) in enumerate(
        (
            ("linux-5.10", "before the series: no SET_PMU, perf chooses the PMU"),
            ("linux-5.11", "KVM_RUN fails if the PMU is not initialised"),
            ("series-v1", "as posted on 15 Nov 2021: state per vCPU, KVM_RUN returns ENOEXEC"),
            ("series-v2", "as posted on 6 Dec 2021: KVM_EXIT_FAIL_ENTRY, from a flag that lingers"),
            ("series-v3", "as posted on 13 Dec 2021: no lingering flag; INIT compares vCPUs"),
            ("linux-5.18", "SET_PMU as merged: state per VM, KVM_EXIT_FAIL_ENTRY"),
            ("linux-5.19", "a host in protected mode has PMUs again"),
            ("linux-6.0", "a register keeps its value if the new one can't be read"),
            ("linux-6.2", "userspace can write the PMU version that a guest sees"),
            ("linux-6.4", "the default PMU is the calling CPU's"),
            ("linux-6.5", "all vCPUs of a VM have the same features"),
            ("linux-6.6", "PMUs are listed only if all CPUs have the same version of PMUv3"),
            ("linux-6.7", "KVM_ARM_VCPU_INIT chooses the default PMU; PMCR_EL0.N is per VM"),
            ("linux-6.15", "IMPDEF PMUs are usable if the PMUv3 registers trap"),
            ("linux-6.16", "SET_NR_COUNTERS; feature bits for nested guests"),
            ("linux-7.1", "on a GICv5 the PMU's interrupt is fixed"),
            ("linux-7.3", "KVM_ARM_VCPU_PMU_V3_STRICT: no default PMU"),
        )
    )
)
FIRST = REVISIONS[0]
NEWEST = REVISIONS[-1]
# Newer releases are mapped to the newest revision, with a note.
NEWEST_RELEASE_SEEN = (7, 3)

_BY_NAME = {revision.name: revision for revision in REVISIONS}
_RELEASE = re.compile(r"(?:linux-)?([0-9]+)\.([0-9]+)(?![0-9])")


def revision(name: str) -> Revision:
    """The revision of exactly that name.  Raises `UsageProblem` for an unknown name."""
    try:
        return _BY_NAME[name]
    except KeyError:
        raise unknown("revision", name, _BY_NAME) from None


class Detected(NamedTuple):
    """The revision of a kernel; ``note`` says what is uncertain about it."""

    revision: Revision
    note: str = ""


def detect(text: str) -> Detected:
    """The revision with that name, or of a kernel release (``6.12.107+deb13-arm64``).

    Raises `UsageProblem` if it is neither, and for releases before the first revision.
    """
    if text in _BY_NAME:
        return Detected(_BY_NAME[text])
    release = release_of(text)
    if release is None:
        raise unknown("kernel revision", text, [*_BY_NAME, "or a release like 6.12"])
    merged = [(_release(known), known) for known in REVISIONS if known.name.startswith("linux-")]
    if release < merged[0][0]:
        raise UsageProblem(
            f"kernel {text} is older than {merged[0][1]}, the first kernel that this suite knows",
            "Use a newer kernel",
        )
    found = [known for since, known in merged if since <= release][-1]
    if release > NEWEST_RELEASE_SEEN:
        seen = "{}.{}".format(*NEWEST_RELEASE_SEEN)
        return Detected(found, f"newer than {seen}, the newest release checked; treated as {found}")
    return Detected(found)


def release_of(text: str) -> tuple[int, int] | None:
    """The first two numbers of a kernel release; None if ``text`` is none."""
    match = _RELEASE.match(text)
    return None if match is None else (int(match[1]), int(match[2]))


def _release(known: Revision) -> tuple[int, int]:
    major, minor = known.name.removeprefix("linux-").split(".")
    return int(major), int(minor)
