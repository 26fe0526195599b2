"""The promises of a backend (backends/base.py), each with its check.

Every arm64 KVM, with or without a PMU, answers these calls in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..backends.base import Backend, World
from ..data.host import Host
from ..data.revision import REVISIONS
from ..errors import BackendFailure
from ..uapi.errno import Errno
from ..wire.call import MOST_CPU, Call
from ..wire.outcome import Outcome

API_VERSION = 12
# Time limits in seconds: of the call that hangs, and of the others.
SHORT, LONG = 0.5, 20.0


class Broken(Exception):
    """What was seen instead of what was promised."""


@dataclass(frozen=True)
class Promise:
    """``check`` raises `Broken` if it is not kept; the others depend on a ``basic`` one."""

    what: str
    check: Callable[[Backend], None]
    basic: bool = False


def _require(holds: bool, seen: str) -> None:
    if not holds:
        raise Broken(seen)


def _same(found: object, wanted: Sequence[Outcome], where: str) -> None:
    """Require that ``found`` is a list of these Outcomes."""
    _require(isinstance(found, list), f"{where} gives {found!r}, not a list")
    assert isinstance(found, list)
    for outcome in found:
        _require(isinstance(outcome, Outcome), f"{where} gives {outcome!r}, not an Outcome")
    _require(found == list(wanted), f"{where} gives {_text(found)}, expected {_text(wanted)}")


def _text(outcomes: Sequence[Outcome]) -> str:
    return f"[{', '.join(json.dumps(outcome.to_json(), default=repr) for outcome in outcomes)}]"


# Calls, and their Outcomes on any kernel.

ANSWERED, REFUSED, NO_OBJECT = (
    Outcome(API_VERSION),
    Outcome(-1, Errno.EINVAL),
    Outcome(-1, Errno.EBADF),
)
MADE = Outcome(0)


def _ask(backend: Backend) -> Call:
    return Call.make("KVM_GET_API_VERSION", "kvm", backend.host.cpus[0])


def _ask_wrongly(backend: Backend) -> Call:
    return Call.make("KVM_GET_API_VERSION", "kvm", backend.host.cpus[0], arg=1)


def _vm(backend: Backend) -> Call:
    return Call.make("KVM_CREATE_VM", "kvm", backend.host.cpus[0], "vm0")


def _vcpu(backend: Backend) -> Call:
    return Call.make("KVM_CREATE_VCPU", "vm0", backend.host.cpus[0], "vcpu0", id=0)


def _ready_vcpu(backend: Backend, *features: str) -> World:
    """A world with vcpu0, initialised for the target that the host prefers."""
    world = backend.world()
    _same(world.execute([_vm(backend), _vcpu(backend)]), [MADE, MADE], "a VM with a vCPU")
    (asked,) = world.execute([Call.make("KVM_ARM_PREFERRED_TARGET", "vm0", backend.host.cpus[0])])
    wrote = asked.out or {}
    _require(
        {"target", "features"} <= set(wrote),
        f"KVM_ARM_PREFERRED_TARGET gives {_text([asked])}, without target and features",
    )
    init = Call.make(
        "KVM_ARM_VCPU_INIT",
        "vcpu0",
        backend.host.cpus[0],
        target=wrote["target"],
        features=["KVM_ARM_VCPU_PSCI_0_2", *features],
    )
    _same(world.execute([init]), [MADE], "KVM_ARM_VCPU_INIT")
    return world


def _run(backend: Backend, immediate_exit: bool = False) -> Call:
    return Call.make("KVM_RUN", "vcpu0", backend.host.cpus[0], immediate_exit=immediate_exit)


# The checks, in the order of base.py.


def describes_itself(backend: Backend) -> None:
    for what in ("name", "release"):
        value = getattr(backend, what)
        _require(_is_line(value), f"its {what} is {value!r}, not a line of text")
    _require(backend.revision in REVISIONS, f"its revision is {backend.revision!r}")
    notes = backend.notes
    _require(
        isinstance(notes, tuple) and all(map(_is_line, notes)),
        f"its notes are {notes!r}, not a tuple of lines of text",
    )


def _is_line(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "\n" not in value


def describes_its_host(backend: Backend) -> None:
    for what in ("host", "hardware"):
        _describes(what, getattr(backend, what))
    seen = {pmu.name for pmu in backend.host.pmus}
    there = {pmu.name for pmu in backend.hardware.pmus}
    _require(seen <= there, f"its host has PMUs that its hardware lacks: {sorted(seen - there)}")


def _describes(what: str, host: object) -> None:
    _require(isinstance(host, Host), f"its {what} is {host!r}, not a Host")
    assert isinstance(host, Host)
    cpus = host.cpus
    sound = isinstance(cpus, tuple) and cpus and list(cpus) == sorted(set(cpus))
    _require(bool(sound), f"its CPUs are {cpus!r}, not ascending numbers")
    for key in ("name", "type"):
        values = [getattr(pmu, key) for pmu in host.pmus]
        _require(len(set(values)) == len(values), f"two PMUs have the same {key}: {values}")
    covered = [cpu for pmu in host.pmus for cpu in sorted(pmu.cpus)]
    _require(len(set(covered)) == len(covered), f"two PMUs have a CPU in common: {covered}")


def answers(backend: Backend) -> None:
    found = backend.world().execute([_ask(backend)])
    _same(found, [ANSWERED], "KVM_GET_API_VERSION")


def answers_from_each_cpu(backend: Backend) -> None:
    world = backend.world()
    for cpu in backend.host.cpus:
        found = world.execute([Call.make("KVM_GET_API_VERSION", "kvm", cpu)])
        _same(found, [ANSWERED], f"KVM_GET_API_VERSION from CPU {cpu}")


def tells_a_refusal(backend: Backend) -> None:
    found = backend.world().execute([_ask_wrongly(backend)])
    _same(found, [REFUSED], "KVM_GET_API_VERSION with an argument")


def keeps_order(backend: Backend) -> None:
    ask, wrong = _ask(backend), _ask_wrongly(backend)
    found = backend.world().execute([ask, wrong, wrong])
    _same(found, [ANSWERED, REFUSED, REFUSED], "good, refused, refused")


def takes_no_calls(backend: Backend) -> None:
    _same(backend.world().execute([]), [], "execute([])")
    found = backend.apart([])
    _require(found == [], f"apart([]) gives {found!r}, not []")


def stops_at_a_refusal(backend: Backend) -> None:
    ask, wrong = _ask(backend), _ask_wrongly(backend)
    found = backend.world().execute([ask, wrong, ask], until_refused=True)
    _same(found, [ANSWERED, REFUSED], "good, refused, good with until_refused")
    found = backend.world().execute([ask, ask], until_refused=True)
    _same(found, [ANSWERED, ANSWERED], "good, good with until_refused")


def keeps_objects(backend: Backend) -> None:
    world = backend.world()
    _same(world.execute([_vm(backend)]), [MADE], "KVM_CREATE_VM")
    _same(world.execute([_vcpu(backend)]), [MADE], "KVM_CREATE_VCPU in a later execute()")


def begins_afresh(backend: Backend) -> None:
    _same(backend.world().execute([_vm(backend)]), [MADE], "KVM_CREATE_VM")
    found = backend.world().execute([_vcpu(backend)])
    _same(found, [NO_OBJECT], "KVM_CREATE_VCPU in a new world, on the VM of the one before,")


def tells_what_was_written(backend: Backend) -> None:
    (ran,) = _ready_vcpu(backend).execute([_run(backend, immediate_exit=True)])
    seen = f"KVM_RUN with immediate_exit gives {_text([ran])}"
    _require((ran.ret, ran.errno) == (-1, Errno.EINTR), f"{seen}, expected EINTR")
    _require(ran.exit is not None, f"{seen}, without exit")


def has_a_json_form(backend: Backend) -> None:
    calls = [_run(backend, immediate_exit=True), _ask_wrongly(backend), _ask(backend)]
    for call, outcome in zip(calls, _ready_vcpu(backend).execute(calls), strict=True):
        _require((outcome.ret == -1) == (outcome.errno is not None), _said(call, outcome, "errno"))
        again = Outcome.from_json(json.loads(json.dumps(outcome.to_json())))
        _require(again == outcome, _said(call, outcome, "JSON form"))


def _said(call: Call, outcome: Outcome, what: str) -> str:
    return f"{call.ioctl} gives {outcome!r}, whose {what} does not fit"


def races(backend: Backend) -> None:
    ask, wrong = _ask(backend), _ask_wrongly(backend)
    found = backend.world().race([ask, wrong, wrong], seconds=LONG)
    _same(found, [ANSWERED, REFUSED, REFUSED], "race(good, refused, refused)")


def keeps_apart(backend: Backend) -> None:
    vm, vcpu, ask = _vm(backend), _vcpu(backend), _ask(backend)
    found = backend.apart([[vm, vcpu], [vcpu, ask], [], [ask]], seconds=LONG)
    _require(len(found) == 4, f"four sequences give {len(found)} lists")
    wanted: tuple[list[Outcome], ...] = ([MADE, MADE], [NO_OBJECT, ANSWERED], [], [ANSWERED])
    for number, outcomes in enumerate(wanted):
        _same(found[number], outcomes, f"sequence {number + 1} of 4")


def interrupts(backend: Backend) -> None:
    world = _ready_vcpu(backend, "KVM_ARM_VCPU_POWER_OFF")
    (late,) = world.execute([_run(backend)], seconds=SHORT)
    _require(late.timed_out, f"KVM_RUN of a vCPU that is off gives {_text([late])}")
    _require(
        (late.ret, late.errno) == (-1, Errno.EINTR),
        f"the interrupted KVM_RUN gives {_text([late])}",
    )
    _same(world.execute([_ask(backend)]), [ANSWERED], "the next call")


def fails_and_goes_on(backend: Backend) -> None:
    absent = next(cpu for cpu in range(MOST_CPU, 0, -1) if cpu not in backend.host.cpus)
    try:
        found = backend.world().execute([Call.make("KVM_GET_API_VERSION", "kvm", absent)])
    except BackendFailure:
        pass
    else:
        raise Broken(f"a call from CPU {absent}, which does not exist, gives {found!r}")
    _same(backend.world().execute([_ask(backend)]), [ANSWERED], "the next world")


PROMISES = (
    Promise("name, release, revision and notes describe it", describes_itself),
    Promise("host and hardware list the CPUs and PMUs", describes_its_host, basic=True),
    Promise("a call gives an Outcome", answers, basic=True),
    Promise("calls can be issued from each CPU of the host", answers_from_each_cpu),
    Promise("a refused call is an Outcome with -1 and its errno", tells_a_refusal),
    Promise("each call has one Outcome, in order", keeps_order),
    Promise("without calls there are no Outcomes", takes_no_calls),
    Promise("until_refused ends with the first refusal", stops_at_a_refusal),
    Promise("a world keeps the objects that its calls make", keeps_objects),
    Promise("a new world has no objects but kvm", begins_afresh),
    Promise("what the kernel wrote is in out and exit", tells_what_was_written),
    Promise("an Outcome is the same after its JSON form", has_a_json_form),
    Promise("a race's Outcomes are in the order of its calls", races),
    Promise("apart() gives each sequence a fresh world", keeps_apart),
    Promise("a call that takes too long is interrupted and marked", interrupts),
    Promise("a call that can't be issued is a BackendFailure, and the next world works",
            fails_and_goes_on),
)  # fmt: skip
