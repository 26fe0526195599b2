"""A model for tests: a state, a host, a revision, and short names for the calls."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

from pytest_kvmpmu import model
from pytest_kvmpmu.data import revision as revisions
from pytest_kvmpmu.data.gic import GICS
from pytest_kvmpmu.data.host import Host, Pmu
from pytest_kvmpmu.data.revision import Revision, revision
from pytest_kvmpmu.data.topology import load
from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import SIGNATURES, Call
from pytest_kvmpmu.wire.outcome import Outcome
from pytest_kvmpmu.wire.params import FAULT, NULL, Addr

Test = Callable[..., None]


def in_each(revisions: Iterable[Revision]) -> Callable[[Test], Test]:
    """Run a test in each of ``revisions``, as its argument ``wanted``, and name the one that fails.

    It is one test: with one per revision, pytest took longer than the model.
    """
    listed = tuple(revisions)

    def decorate(test: Test) -> Test:
        @functools.wraps(test)
        def run(**given: Any) -> None:
            for wanted in listed:
                try:
                    test(wanted=wanted, **given)
                except AssertionError as error:
                    raise AssertionError(f"in {wanted}: {error}") from error

        asked = inspect.signature(test).parameters.values()
        seen = inspect.Signature([one for one in asked if one.name != "wanted"])
        run.__signature__ = seen  # type: ignore[attr-defined]  # read by pytest
        return run

    return decorate


PRE, V1, MERGED = revision("linux-5.10"), revision("series-v1"), revision("linux-5.18")
CALLING, SAME, AT_INIT = revision("linux-6.4"), revision("linux-6.5"), revision("linux-6.7")
REVISIONS = revisions.REVISIONS
WITH_SET_PMU = tuple(known for known in REVISIONS if known >= V1)
PER_VM = tuple(known for known in REVISIONS if known >= MERGED)
every_revision = in_each(REVISIONS)

IRQ, INIT, FILTER, SET_PMU = range(4)
POWER_OFF, PSCI, PMU, SVE = 0, 2, 3, 4
DIST, REDIST = 0x0800_0000, 0x080A_0000
PPI, SPI = 23, 40

LITTLE_FIRST, BIG_FIRST = load("rockpro64"), load("rockpro64-swapped")
HOSTS = (LITTLE_FIRST, BIG_FIRST)
# A host without a PMU, and one whose last CPU has no PMU.
BARE = Host("bare", (0, 1), ())
GAP = Host("gap", (0, 1, 2), (Pmu("little", 8, frozenset({0, 1}), 6),))


def integer(value: int) -> Addr:
    """A pointer to an int."""
    return Addr("int", (value,))


def filters(base: int, count: int, action: int) -> Addr:
    """A pointer to a struct kvm_pmu_event_filter."""
    return Addr("kvm_pmu_event_filter", (base, count, action))


ZERO = integer(0)
DENY_NOTHING = filters(0, 0, 1)
GOOD = {IRQ: integer(PPI), INIT: NULL, FILTER: DENY_NOTHING, SET_PMU: integer(8)}


class Machine:
    """The model with its state.  Calls return an errno, or 0 if they succeed."""

    def __init__(self, wanted: Revision = AT_INIT, host: Host = LITTLE_FIRST) -> None:
        self.revision = wanted
        self.host = host
        self.state = model.State()
        self.cpu = host.cpus[0]

    def outcome(self, ioctl: str, on: str, new: str | None = None, **args: Any) -> Outcome:
        """Issue any call from `cpu`."""
        call = Call.make(ioctl, on, self.cpu, new, **args)
        self.state, outcome = model.step(self.state, call, self.host, self.revision)
        return outcome

    def __call__(self, ioctl: str, on: str, new: str | None = None, **args: Any) -> int:
        outcome = self.outcome(ioctl, on, new, **args)
        assert (outcome.ret == -1) == (outcome.errno is not None), outcome
        return outcome.errno or 0

    def vm(self, vcpus: int = 1) -> Machine:
        """A VM ``vm0`` with that many vCPUs, none initialised."""
        assert self("KVM_CREATE_VM", "kvm", "vm0") == 0
        for number in range(vcpus):
            assert self("KVM_CREATE_VCPU", "vm0", f"vcpu{number}", id=number) == 0
        return self

    def init(self, on: str = "vcpu0", *features: int, target: int = 5, **more: Any) -> int:
        """KVM_ARM_VCPU_INIT; by default with the standard features."""
        wanted = features or (PSCI, PMU)
        return self("KVM_ARM_VCPU_INIT", on, target=target, features=list(wanted), **more)

    def ready(self, vcpus: int = 1) -> Machine:
        """`vm` with all vCPUs initialised with a PMU."""
        self.vm(vcpus)
        for number in range(vcpus):
            assert self.init(f"vcpu{number}") == 0
        return self

    def gic(self, initialise: bool = True, bases: bool = True) -> Machine:
        """A GICv3 ``dev0`` in ``vm0``."""
        assert self("KVM_CREATE_DEVICE", "vm0", "dev0", type=k.KVM_DEV_TYPE_ARM_VGIC_V3) == 0
        if bases:
            assert self.gic_set(0, 2, DIST) == 0
            assert self.gic_set(0, 3, REDIST) == 0
        if initialise:
            assert self.gic_set(4, 0) == 0
        return self

    def gic_set(self, group: int, attr: int, value: int | Addr = NULL, **more: Any) -> int:
        """SET on the GIC."""
        kind = "u32" if group == 3 else "u64"
        addr = value if isinstance(value, Addr) else Addr(kind, (value,))
        return self("KVM_SET_DEVICE_ATTR", "dev0", group=group, attr=attr, addr=addr, **more)

    def set(self, attr: int, addr: Addr | None = None, on: str = "vcpu0", **more: Any) -> int:
        """SET in the PMU group; by default with a good value for the attribute."""
        given = GOOD.get(attr, NULL) if addr is None else addr
        return self("KVM_SET_DEVICE_ATTR", on, **{"group": 0, "attr": attr, "addr": given, **more})

    def get(self, attr: int, addr: Addr = ZERO, on: str = "vcpu0") -> Outcome:
        """GET in the PMU group."""
        return self.outcome("KVM_GET_DEVICE_ATTR", on, group=0, attr=attr, addr=addr)

    def has(self, attr: int, on: str = "vcpu0", addr: Addr = FAULT) -> int:
        """HAS in the PMU group; the kernel never reads its address."""
        return self("KVM_HAS_DEVICE_ATTR", on, group=0, attr=attr, addr=addr)

    def run(self, cpu: int | None = None, on: str = "vcpu0", **args: Any) -> Outcome:
        """KVM_RUN, from ``cpu`` if given."""
        before, self.cpu = self.cpu, self.cpu if cpu is None else cpu
        try:
            return self.outcome("KVM_RUN", on, **args)
        finally:
            self.cpu = before

    def start(self, on: str = "vcpu0") -> Machine:
        """Run the VM: INIT of that vCPU's PMU, and a KVM_RUN with immediate_exit."""
        assert self.set(INIT, on=on) == 0
        assert self.run(on=on, immediate_exit=True).errno == Errno.EINTR
        return self

    def load(self) -> Machine:
        """The standard payload at guest address 0."""
        assert self("KVM_SET_USER_MEMORY_REGION", "vm0", payload="cycle-counter") == 0
        return self

    def standard(self, vcpus: int = 1) -> Machine:
        """Everything that a run needs except INIT of the PMU."""
        self.ready(vcpus).gic().load()
        for number in range(vcpus):
            assert self.set(IRQ, on=f"vcpu{number}") == 0
        return self


# A device is of the kind of its GIC.
KINDS = {
    (ioctl, named)
    for ioctl, signature in SIGNATURES.items()
    for kind in signature.on
    for named in (map(str, GICS.values()) if kind == "dev" else [kind])
}
