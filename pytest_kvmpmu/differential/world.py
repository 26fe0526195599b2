"""A sequence being built: its Calls so far, and the model's Outcomes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from .. import model
from ..data.host import Host
from ..data.revision import Revision
from ..model.compare import Answers
from ..model.state import Device, Vcpu, Vm
from ..wire.call import Call
from ..wire.outcome import Outcome


@dataclass(frozen=True)
class Setting:
    """The target of sequences: the model's host and revision, the kernel's answers."""

    host: Host
    revision: Revision
    answers: Answers


class Sequence:
    """Calls that the model covers; the model steps through each as it is added."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting
        self.calls: list[Call] = []
        self.outcomes: list[Outcome] = []
        self.state = model.State()
        self.left_out: Counter[str] = Counter()
        self._made: Counter[str] = Counter()

    def add(self, ioctl: str, on: str, cpu: int, new: str | None = None, **args: Any) -> bool:
        """Add a call; False if it was skipped or refused.

        Skips calls that the model does not cover, and those that would not return.
        """
        cpus = self.setting.host.cpus
        name = self._name(new) if new else None
        call = Call.make(ioctl, on, cpus[cpu % len(cpus)], name, **args)
        try:
            asked = self.setting.answers.for_model(call)
            state, outcome = model.step(self.state, asked, self.setting.host, self.setting.revision)
        except model.NotModelled:
            self.left_out[f"{ioctl}: not modelled"] += 1
            return False
        if outcome.timed_out:
            self.left_out[f"{ioctl}: would not return"] += 1
            return False
        self.state = state
        self.calls.append(call)
        self.outcomes.append(outcome)
        return outcome.ret >= 0

    def vms(self) -> list[str]:
        """The VMs so far."""
        return [name for name, found in self.state.objects.items() if isinstance(found, Vm)]

    def vcpus(self, vm: str | None = None) -> list[str]:
        """The vCPUs so far, of ``vm`` or of all."""
        return [
            name
            for name, found in self.state.objects.items()
            if isinstance(found, Vcpu) and vm in (None, found.vm)
        ]

    def vcpu(self, name: str) -> Vcpu:
        """The model's state of a vCPU."""
        found = self.state.objects[name]
        assert isinstance(found, Vcpu)
        return found

    def vm(self, name: str) -> Vm:
        """The model's state of a VM."""
        found = self.state.objects[name]
        assert isinstance(found, Vm)
        return found

    def gic(self, vm: str) -> str:
        """The vGIC of ``vm`` as a device; the name of the first device where it has none."""
        found = self.state.objects.items()
        made = (name for name, it in found if isinstance(it, Device) and it.vm == vm)
        return next(made, "dev0")

    def _name(self, kind: str) -> str:
        self._made[kind] += 1
        return f"{kind}{self._made[kind] - 1}"
