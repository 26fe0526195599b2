"""The state machine that makes sequences: each rule issues calls of one kind.

A kind with more rules is drawn more often.  A sequence begins with VMs set up to a drawn
level, so that it reaches the later states of a VM as often as the early ones.
"""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from ..data.gic import GICS, Gic
from ..data.payloads import payloads
from ..uapi import constants as k
from ..wire.params import FAULT, NULL, Addr
from .world import Sequence, Setting

Judge = Callable[[Sequence], None]

PMU = k.KVM_ARM_VCPU_PMU_V3_CTRL
IRQ, INIT, FILTER, SET_PMU, NR_COUNTERS = range(5)
PSCI, PMU_V3 = k.KVM_ARM_VCPU_PSCI_0_2, k.KVM_ARM_VCPU_PMU_V3
SVE = 4
GIC_ADDR, GIC_NR_IRQS, GIC_CTRL = (
    k.KVM_DEV_ARM_VGIC_GRP_ADDR,
    k.KVM_DEV_ARM_VGIC_GRP_NR_IRQS,
    k.KVM_DEV_ARM_VGIC_GRP_CTRL,
)
# Levels of a VM's set-up: vCPUs initialised, GIC made and placed, interrupts, PMU INIT, a run.
LEVELS = ("made", "vcpu-init", "gic", "irq", "init", "ran")

any_cpu = st.integers(0, 7)
any_object = st.integers(0, 3)
any_attr = st.sampled_from([IRQ, INIT, FILTER, SET_PMU, NR_COUNTERS, 5, 1 << 32, (1 << 64) - 1])
irqs = st.sampled_from([23] * 4 + [22, 27, 30, 40, 41, 15, 16, 31, 32, 95, 255, 256])
odd_irqs = st.sampled_from([-1, 0, 1019, 1020, 8192, 23])
ranges = st.tuples(
    st.sampled_from([0, 0, 0x11, 0x11, 0x1E, 1023, 1024, 65535]),
    st.sampled_from([0, 1, 1, 2, 1024, 65535]),
    st.sampled_from([0, 0, 1, 1, 1, 2]),
)
# Where the frames of both kinds lie, beside them, and at the end of the guest's addresses.
bases = st.sampled_from(
    [
        *(0x0800_0000, 0x080A_0000, 0x0801_0000, 0x0800_1000, 0x1234),
        *((1 << 40) - 0x1000, 1 << 40, 1 << 48),
    ]
)
features = st.sampled_from(
    [(PSCI, PMU_V3)] * 5
    + [(PSCI,), (), (PMU_V3,), (PSCI, PMU_V3, 9), (PSCI, 9), (PMU_V3, 20), (0, PSCI, PMU_V3)]
    + [(SVE,), (SVE, 20)]
)


class Machine(RuleBasedStateMachine):
    """Makes one sequence, then judges it."""

    def __init__(self, setting: Setting, judge: Judge) -> None:
        super().__init__()
        self._sequence = Sequence(setting)
        self._judge = judge
        self._types = [pmu.type for pmu in setting.host.pmus]
        self._kinds = [GICS[version] for version in setting.host.gics]

    def teardown(self) -> None:
        """Judge the sequence; Hypothesis shrinks one that raises AssertionError."""
        self._judge(self._sequence)

    def _vcpu(self, number: int) -> str:
        vcpus = self._sequence.vcpus()
        return vcpus[number % len(vcpus)] if vcpus else "vcpu0"

    def _vm(self, number: int) -> str:
        vms = self._sequence.vms()
        return vms[number % len(vms)]

    def _gic(self, vm: str) -> str:
        return self._sequence.gic(vm)

    def _set(self, vcpu: str, cpu: int, attr: int, addr: Addr) -> bool:
        return self._sequence.add("KVM_SET_DEVICE_ATTR", vcpu, cpu, group=PMU, attr=attr, addr=addr)

    # --- how a sequence begins -----------------------------------------------------------

    @initialize(
        # A run needs all other levels, and tests most of them.
        levels=st.lists(st.sampled_from((*LEVELS, "ran", "ran")), min_size=1, max_size=2),
        count=st.integers(1, 2),
        cpu=any_cpu,
        chosen=st.integers(-2, 3),
    )
    def begin(self, levels: list[str], count: int, cpu: int, chosen: int) -> None:
        for level in levels:
            self._sequence.add("KVM_CREATE_VM", "kvm", cpu, "vm", type=0)
            vm = self._sequence.vms()[-1]
            for number in range(count):
                self._sequence.add("KVM_CREATE_VCPU", vm, cpu, "vcpu", id=number)
            self._climb(vm, cpu, LEVELS.index(level), chosen)

    def _climb(self, vm: str, cpu: int, level: int, chosen: int) -> None:
        """Bring ``vm`` to a level by its missing steps, with SET_PMU if drawn."""
        sequence = self._sequence
        vcpus = sequence.vcpus(vm)
        for vcpu in vcpus if level >= 1 else ():
            if not sequence.vcpu(vcpu).initialized:
                self._init(vcpu, cpu, (PSCI, PMU_V3))
        kind = self._kinds[chosen % len(self._kinds)] if self._kinds else None
        if kind is not None and level >= 2 and sequence.vm(vm).irqchip is None:
            self._make_gic(vm, cpu, kind)
        if kind is not None and level >= 3:
            irq = Addr("int", (kind.pmu_irq,))
            for vcpu in vcpus:
                if sequence.vcpu(vcpu).irq is None:
                    self._set(vcpu, cpu, IRQ, irq)
        if level >= 1 and vcpus and self._types and chosen >= 0:
            number = self._types[chosen % len(self._types)]
            self._set(vcpus[0], cpu, SET_PMU, Addr("int", (number,)))
        for vcpu in vcpus if level >= 4 else ():
            if not sequence.vcpu(vcpu).pmu_created:
                self._set(vcpu, cpu, INIT, NULL)
        if level >= 5 and vcpus:
            if sequence.vm(vm).memory is None:
                sequence.add("KVM_SET_USER_MEMORY_REGION", vm, cpu, payload="cycle-counter")
            self._run_until_done(vcpus[-1], cpu)

    def _init(
        self, vcpu: str, cpu: int, wanted: tuple[int, ...], target: int | None = None
    ) -> None:
        target = self._sequence.setting.answers.target if target is None else target
        self._sequence.add("KVM_ARM_VCPU_INIT", vcpu, cpu, target=target, features=wanted)

    def _make_gic(self, vm: str, cpu: int, kind: Gic) -> None:
        add = self._sequence.add
        if add("KVM_CREATE_DEVICE", vm, cpu, "dev", type=kind.device):
            gic = self._gic(vm)
            for attr, base in kind.frames:
                addr = Addr("u64", (base,))
                add("KVM_SET_DEVICE_ATTR", gic, cpu, group=GIC_ADDR, attr=attr, addr=addr)
            add("KVM_SET_DEVICE_ATTR", gic, cpu, group=GIC_CTRL, attr=0)

    def _run_until_done(self, vcpu: str, cpu: int) -> None:
        """The three exits of a payload, or those before a refusal."""
        for _ in range(3):
            if not self._sequence.add("KVM_RUN", vcpu, cpu):
                return

    # --- the rules -----------------------------------------------------------------------

    @rule(which=any_object, cpu=any_cpu, level=st.integers(1, 5), chosen=st.integers(-2, 3))
    def go_on(self, which: int, cpu: int, level: int, chosen: int) -> None:
        self._climb(self._vm(which), cpu, level, chosen)

    @rule(which=any_object, cpu=any_cpu, number=irqs | odd_irqs)
    def set_irq(self, which: int, cpu: int, number: int) -> None:
        self._set(self._vcpu(which), cpu, IRQ, Addr("int", (number,)))

    @rule(which=any_object, cpu=any_cpu, addr=st.sampled_from([FAULT, NULL]))
    def set_from_bad_pointers(self, which: int, cpu: int, addr: Addr) -> None:
        for attr in (IRQ, FILTER, SET_PMU, NR_COUNTERS):
            self._set(self._vcpu(which), cpu, attr, addr)

    @rule(which=any_object, cpu=any_cpu)
    def init_pmu(self, which: int, cpu: int) -> None:
        self._set(self._vcpu(which), cpu, INIT, NULL)

    @rule(which=any_object, cpu=any_cpu, wanted=ranges)
    def set_filter(self, which: int, cpu: int, wanted: tuple[int, int, int]) -> None:
        self._set(self._vcpu(which), cpu, FILTER, Addr("kvm_pmu_event_filter", wanted))

    @rule(which=any_object, cpu=any_cpu, number=st.integers(-1, 12))
    def set_pmu(self, which: int, cpu: int, number: int) -> None:
        # Few small numbers are ids of PMUs; the host's own ids come as often as all of them.
        known = {n: self._types[n % len(self._types)] for n in range(6, 13)} if self._types else {}
        addr = Addr("int", (known.get(number, number),))
        self._set(self._vcpu(which), cpu, SET_PMU, addr)

    @rule(which=any_object, cpu=any_cpu, action=st.integers(0, 1), chosen=any_object)
    def filter_then_choose(self, which: int, cpu: int, action: int, chosen: int) -> None:
        vcpu = self._vcpu(which)
        self._set(vcpu, cpu, FILTER, Addr("kvm_pmu_event_filter", (0x11, 1, action)))
        for number in self._types[chosen % 2 :]:
            self._set(vcpu, cpu, SET_PMU, Addr("int", (number,)))

    @rule(which=any_object, cpu=any_cpu, number=st.integers(0, 8))
    def set_nr_counters(self, which: int, cpu: int, number: int) -> None:
        self._set(self._vcpu(which), cpu, NR_COUNTERS, Addr("u32", (number,)))

    @rule(
        which=any_object,
        cpu=any_cpu,
        ioctl=st.sampled_from(["SET", "GET", "HAS", "HAS"]),
        group=st.sampled_from([PMU] * 5 + [99]),
        attr=any_attr,
        addr=st.sampled_from([Addr("int", (0,)), FAULT, NULL]),
        argp=st.sampled_from(["valid"] * 5 + ["fault"]),
    )
    def any_attribute(
        self, which: int, cpu: int, ioctl: str, group: int, attr: int, addr: Addr, argp: str
    ) -> None:
        name = f"KVM_{ioctl}_DEVICE_ATTR"
        vcpu = self._vcpu(which)
        self._sequence.add(name, vcpu, cpu, group=group, attr=attr, addr=addr, argp=argp)

    @rule(which=any_object, cpu=any_cpu, wanted=features, wrong=st.integers(0, 9))
    def vcpu_init(self, which: int, cpu: int, wanted: tuple[int, ...], wrong: int) -> None:
        self._init(self._vcpu(which), cpu, wanted, target=99 if wrong == 0 else None)

    @rule(which=any_object, cpu=any_cpu, immediate_exit=st.booleans())
    def run(self, which: int, cpu: int, immediate_exit: bool) -> None:
        self._sequence.add("KVM_RUN", self._vcpu(which), cpu, immediate_exit=immediate_exit)

    @rule(which=any_object, cpu=any_cpu)
    def run_the_payload(self, which: int, cpu: int) -> None:
        self._run_until_done(self._vcpu(which), cpu)

    @rule(which=any_object, cpu=any_cpu, number=st.sampled_from([0, 1, 2, 3, 7, 8, 511, 512]))
    def create_vcpu(self, which: int, cpu: int, number: int) -> None:
        self._sequence.add("KVM_CREATE_VCPU", self._vm(which), cpu, "vcpu", id=number)

    @rule(
        which=any_object,
        cpu=any_cpu,
        kind=st.sampled_from([None] * 9 + [2, 3, 0]),
        flags=st.sampled_from([0, 0, 1]),
    )
    def create_gic(self, which: int, cpu: int, kind: int | None, flags: int) -> None:
        """A vGIC of a kind of the host's; now and then of any kind, or the one without a device."""
        add, vm = self._sequence.add, self._vm(which)
        if kind == 0:
            add("KVM_CREATE_IRQCHIP", vm, cpu)
            return
        own = self._kinds[which % len(self._kinds)] if self._kinds else GICS[3]
        type = own.device if kind is None else GICS[kind].device
        add("KVM_CREATE_DEVICE", vm, cpu, "dev", type=type, flags=flags)

    @rule(
        which=any_object,
        cpu=any_cpu,
        attr=st.sampled_from([0, 0, 1, 1, 2, 3]),
        base=bases,
    )
    def place_gic(self, which: int, cpu: int, attr: int, base: int) -> None:
        """A frame of the host's kind, or an attribute of another kind."""
        frames = self._kinds[0].frames if self._kinds else ()
        attr = frames[attr][0] if attr < len(frames) else attr
        gic, addr = self._gic(self._vm(which)), Addr("u64", (base,))
        self._sequence.add("KVM_SET_DEVICE_ATTR", gic, cpu, group=GIC_ADDR, attr=attr, addr=addr)

    @rule(which=any_object, cpu=any_cpu, number=st.sampled_from([64, 96, 256, 32, 100, 1024]))
    def set_nr_irqs(self, which: int, cpu: int, number: int) -> None:
        gic, addr = self._gic(self._vm(which)), Addr("u32", (number,))
        self._sequence.add("KVM_SET_DEVICE_ATTR", gic, cpu, group=GIC_NR_IRQS, attr=0, addr=addr)

    @rule(which=any_object, cpu=any_cpu)
    def init_gic(self, which: int, cpu: int) -> None:
        gic = self._gic(self._vm(which))
        self._sequence.add("KVM_SET_DEVICE_ATTR", gic, cpu, group=GIC_CTRL, attr=0)

    @rule(
        which=any_object,
        cpu=any_cpu,
        name=st.sampled_from(["cycle-counter", *payloads()]),
    )
    def load(self, which: int, cpu: int, name: str) -> None:
        self._sequence.add("KVM_SET_USER_MEMORY_REGION", self._vm(which), cpu, payload=name)

    @rule(which=any_object, cpu=any_cpu, number=st.none() | st.integers(0, 8))
    def pmcr(self, which: int, cpu: int, number: int | None) -> None:
        vcpu = self._vcpu(which)
        if number is None:
            self._sequence.add("KVM_GET_ONE_REG", vcpu, cpu, id=k.PMCR_EL0)
        else:
            addr = Addr("u64", (number << k.PMCR_EL0_N_SHIFT,))
            self._sequence.add("KVM_SET_ONE_REG", vcpu, cpu, id=k.PMCR_EL0, addr=addr)

    @rule(
        which=any_object,
        cpu=any_cpu,
        version=st.none() | st.sampled_from([0, 1, 1, 4, 6, 9]),
    )
    def id_register(self, which: int, cpu: int, version: int | None) -> None:
        vcpu, id = self._vcpu(which), k.ID_AA64DFR0_EL1
        if version is None:
            self._sequence.add("KVM_GET_ONE_REG", vcpu, cpu, id=id)
        else:
            fields = self._sequence.setting.answers.fields
            value = fields | version << k.ID_AA64DFR0_PMUVER_SHIFT
            self._sequence.add("KVM_SET_ONE_REG", vcpu, cpu, id=id, addr=Addr("u64", (value,)))
