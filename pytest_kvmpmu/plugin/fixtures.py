"""The fixtures for spec authors.

Each test has its own world, so no test sees the VMs of another.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from ..backends.base import Backend
from ..data.gic import GICS, Gic
from ..data.host import Host, Pmu
from ..kvm import Device, Kvm, Session, Vcpu, Vm
from ..settings import EXAMPLES
from .backend import backend_of
from .calls import SESSION
from .story import StoryFixture


def of_run(config: pytest.Config) -> ModuleType:
    """The fixtures that every spec uses, for the run of ``config``.

    They take it from this closure: pytest makes ``request``, and looks up what depends on it,
    anew for each test and each fixture that uses it.
    """

    @pytest.fixture(scope="session")
    def kvmpmu_backend() -> Backend:
        """The backend of this run: the model, or a real kernel."""
        return backend_of(config)

    @pytest.fixture
    def kvm(kvmpmu_backend: Backend) -> Kvm:
        """An open /dev/kvm in a fresh world; calls come from the host's first CPU."""
        host = kvmpmu_backend.host
        session = config.stash[SESSION] = Session(kvmpmu_backend.world(), host)
        return Kvm(session, "kvm", host.cpus[0])

    module = ModuleType(f"{__name__}.of_run")
    vars(module).update(kvmpmu_backend=kvmpmu_backend, kvm=kvm)
    return module


@pytest.fixture(scope="session")
def kvmpmu_examples(pytestconfig: pytest.Config) -> int:
    """How many sequences a search tries."""
    return int(pytestconfig.getoption(EXAMPLES.dest))


@pytest.fixture(scope="session")
def host(kvmpmu_backend: Backend) -> Host:
    """The host under test: its CPUs, and its core PMUs in probe order."""
    return kvmpmu_backend.host


@pytest.fixture(scope="session")
def hardware(kvmpmu_backend: Backend) -> Host:
    """The host with all its core PMUs, also those that KVM ignores, if the backend knows them."""
    return kvmpmu_backend.hardware


@pytest.fixture(scope="session")
def pmus(host: Host) -> tuple[Pmu, ...]:
    """The host's core PMUs in probe order, without those none of whose CPUs can be used."""
    return host.usable_pmus


@pytest.fixture
def vm(kvm: Kvm) -> Vm:
    """An empty VM."""
    return kvm.create_vm()


@pytest.fixture
def vcpu(vm: Vm) -> Vcpu:
    """vCPU 0 of `vm`, initialised with PSCI 0.2 and a PMU from the host's first CPU."""
    with vm.session.batch():
        made = vm.create_vcpu(0)
        made.init_with_pmu()
    return made


@pytest.fixture
def gic(vm: Vm, vcpu: Vcpu) -> Device:  # noqa: ARG001  # a GIC comes after the vCPUs
    """An initialised vGIC of `vm`, of the host's kind.  No vCPU can be added after it."""
    return vm.create_gic()


@pytest.fixture(
    params=[
        pytest.param(kind, id=str(kind), marks=pytest.mark.kvmpmu_requires(f"gicv{version}"))
        for version, kind in GICS.items()
        if kind.frames
    ]
)
def gic_kind(request: pytest.FixtureRequest) -> Gic:
    """Each kind of vGIC that the host has and whose frames userspace places, one after the other.

    For specs of what holds for all of them: ``vm.create_gic(gic_kind)``.
    """
    kind: Gic = request.param
    return kind


@pytest.fixture
def pmu_guest(vm: Vm) -> Callable[..., Vcpu]:
    """``pmu_guest(cpu, pmu=None)``: a vCPU that is ready to run the cycle-counter payload.

    All calls are made from ``cpu``, in kvmtool's order; with ``pmu``,
    KVM_ARM_VCPU_PMU_V3_SET_PMU selects it.  On a host without a vGIC the VM has no irqchip.
    """

    def make(cpu: int, pmu: Pmu | None = None) -> Vcpu:
        here = vm.on(cpu)
        with vm.session.batch():
            vcpu = here.create_vcpu(0)
            vcpu.init_with_pmu()
            here.connect(vcpu)
            if pmu is not None:
                vcpu.set_pmu(pmu)
            vcpu.init_pmu()
            here.load("cycle-counter")
        return vcpu

    return make


@pytest.fixture
def story(request: pytest.FixtureRequest) -> StoryFixture:
    """``story(row, column, text)``: add a cell to the table at the end of the run."""
    return StoryFixture(request.node.user_properties)
