"""Expectations shared by specs.

with refused(Errno.ENXIO):
    vcpu.set_pmu(0)
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ..uapi.errno import Errno
from . import KvmError, Vcpu


class Accepted(AssertionError):
    """The kernel accepted what it should have refused."""


@contextlib.contextmanager
def refused(errno: Errno) -> Iterator[None]:
    """Expect the one ioctl inside to fail with ``errno``.  Raises AssertionError if it does not."""
    try:
        yield
    except KvmError as error:
        if error.errno != errno:
            raise AssertionError(f"expected {errno.name}, got {error}") from error
    else:
        raise Accepted(f"expected {errno.name}, but the call succeeded")


def let_run(vcpu: Vcpu) -> None:
    """Initialise the vCPU's PMU and run its VM, without entering the guest."""
    vcpu.init_pmu()
    with refused(Errno.EINTR):
        vcpu.run(immediate_exit=True)


def counting(vcpu: Vcpu) -> bool:
    """Whether the guest's cycle counter advances: one run of the payload ``cycle-counter``."""
    reads = vcpu.run_payload("cycle-counter")
    return 0 < reads["first"] < reads["second"]
