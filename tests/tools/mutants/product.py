"""Every call that the specs make, in every state that they reach: which rows apply at once there.

A spec shows which of two refusals wins if it has a call to which both apply.  If no spec has one,
this finds it: a call of one spec, made in a state of another.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pytest_kvmpmu import model
from pytest_kvmpmu.backends.model import ModelBackend
from pytest_kvmpmu.data.revision import Revision
from pytest_kvmpmu.model import pmu_list
from pytest_kvmpmu.model.state import Context, Device, Object, State, Vcpu
from pytest_kvmpmu.model.table import Table
from pytest_kvmpmu.wire.call import Call, kind_of
from pytest_kvmpmu.wire.outcome import Outcome

from .reader import Reader

Objects = frozenset[tuple[str, Object]]


class Met(Reader):
    """Records the ``calls`` too, and for each the ``objects`` that it can affect.

    Those are the VM that it was made on, and the VM's vCPUs and devices.  A call is recorded
    without the object that it was made on.
    """

    def __init__(self) -> None:
        super().__init__()
        self.calls: dict[tuple[str | None, str], Call] = {}
        self.objects: set[Objects] = set()

    def read(self, table: Table, c: Context, wanted: Revision) -> tuple[State, Outcome]:
        """As the model's."""
        said = {**c.call.to_json(names=False), "on": ""}
        self.calls.setdefault((kind_of(c.call.on), str(said)), c.call)
        self.objects.add(
            frozenset(
                (name, found)
                for name, found in c.objects.items()
                if name == c.vm_name
                or (isinstance(found, (Vcpu, Device)) and found.vm == c.vm_name)
            )
        )
        return super().read(table, c, wanted)


def product(met: Iterable[Met], backend: ModelBackend) -> Reader:
    """What each call would have read in each of the states, on each object that accepts it."""
    calls: dict[tuple[str | None, str], Call] = {}
    states: set[Objects] = set()
    for one in met:
        calls.update(one.calls)
        states |= one.objects
    pmus = pmu_list.listed(backend.hardware, backend.revision)
    reader = Reader()
    for objects in states:
        state = State(dict(objects))
        for name in state.objects:
            for (kind, _), call in calls.items():
                if kind is None or kind != kind_of(name):
                    continue
                here = call if call.on == name else replace(call, on=name)
                c = Context(state, here, backend.hardware, pmus)
                table = model.TABLES[here.ioctl, model.kind(name, state.objects[name])]
                reader.look(table, c, backend.revision)
    return reader
