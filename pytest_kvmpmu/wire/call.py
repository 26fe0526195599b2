"""`Call`: one ioctl as a value, and the table of all calls.

The JSON form is flat: ``{"call": IOCTL, "on": OBJECT, "cpu": CPU, ...arguments}``, and
``"new": NAME`` if the ioctl makes an object.  Objects are named by kind and number:
``kvm`` (the open /dev/kvm), ``vm0``, ``vcpu3``, ``dev1``.  Arguments with their default
value are omitted.  The CPU is always written, since the interface depends on it.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any, Mapping, NamedTuple

from ..uapi import constants as k
from .params import U32, U64, Addr, BadCall, Bits, Choice, Flag, Name, Number, Pointer

REQUIRED = object()
MOST_CPU = 4095


class Param(NamedTuple):
    """One argument: its name, its type, its default (or REQUIRED)."""

    name: str
    type: Any
    default: Any = REQUIRED


class Signature:
    """What an ioctl takes: kinds of object, parameters, kind of the object it makes.

    ``names`` are the parameters by name.
    """

    def __init__(
        self, on: tuple[str, ...], params: tuple[Param, ...], creates: str | None = None
    ) -> None:
        self.on = on
        self.params = params
        self.creates = creates
        self.names: Mapping[str, Param] = {param.name: param for param in params}


_ARGP = Param("argp", Choice(("valid", "fault")), "valid")  # the ioctl's own pointer
_ATTR = (
    Param("group", Number(U32)),
    Param("attr", Number(U64)),
    Param("flags", Number(U32), 0),
    _ARGP,
)
_REG = (Param("id", Number(U64, k.REGISTERS)), _ARGP)
_VCPU_DEV = ("vcpu", "dev")

SIGNATURES: dict[str, Signature] = {
    "KVM_GET_API_VERSION": Signature(("kvm",), (Param("arg", Number(U64), 0),)),
    "KVM_CREATE_VM": Signature(("kvm",), (Param("type", Number(U64), 0),), creates="vm"),
    "KVM_CHECK_EXTENSION": Signature(("kvm", "vm"), (Param("cap", Number(U64, k.CAPABILITIES)),)),
    "KVM_CREATE_VCPU": Signature(("vm",), (Param("id", Number(U32)),), creates="vcpu"),
    "KVM_SET_USER_MEMORY_REGION": Signature(
        ("vm",),
        (
            Param("slot", Number(U32), 0),
            Param("guest_phys_addr", Number(U64), 0),
            Param("memory_size", Number((0, 2**28)), 0x10000),
            Param("payload", Name(), None),  # loaded at the start of the region
        ),
    ),
    "KVM_ARM_PREFERRED_TARGET": Signature(("vm",), (_ARGP,)),
    "KVM_CREATE_DEVICE": Signature(
        ("vm",),
        (
            Param("type", Number(U32, k.DEVICE_TYPES)),
            Param("flags", Number(U32), 0),
            _ARGP,
        ),
        creates="dev",
    ),
    "KVM_SET_DEVICE_ATTR": Signature(_VCPU_DEV, (*_ATTR, Param("addr", Pointer(), Addr("null")))),
    "KVM_GET_DEVICE_ATTR": Signature(_VCPU_DEV, (*_ATTR, Param("addr", Pointer(), Addr("null")))),
    "KVM_HAS_DEVICE_ATTR": Signature(_VCPU_DEV, (*_ATTR, Param("addr", Pointer(), Addr("null")))),
    "KVM_CREATE_IRQCHIP": Signature(("vm",), (Param("arg", Number(U64), 0),)),
    "KVM_GET_ONE_REG": Signature(("vcpu",), (*_REG, Param("addr", Pointer(), Addr("u64", (0,))))),
    "KVM_SET_ONE_REG": Signature(("vcpu",), (*_REG, Param("addr", Pointer()))),
    "KVM_RUN": Signature(
        ("vcpu",),
        (Param("immediate_exit", Flag(), False), Param("arg", Number(U64), 0)),
    ),
    "KVM_ARM_VCPU_INIT": Signature(
        ("vcpu",),
        (
            Param("target", Number(U32, k.TARGETS)),
            Param("features", Bits(k.VCPU_FEATURES)),
            _ARGP,
        ),
    ),
}

_OWN_KEYS = ("call", "on", "cpu", "new")
# Compiled here for the reason given in `params`.
_OBJECT = re.compile(r"(?:(kvm)|(vm|vcpu|dev)(?:0|[1-9][0-9]*))\Z")


@functools.lru_cache(maxsize=None)
def kind_of(name: str) -> str | None:
    """``vcpu`` for ``vcpu3``; None if ``name`` is not an object name."""
    match = _OBJECT.match(name)
    return match and (match.group(1) or match.group(2))


@dataclass(frozen=True)
class Call:
    """One ioctl, on one object, with decoded arguments, issued from one host CPU.

    ``args`` has every parameter of the ioctl's signature; `make` fills in the defaults.
    """

    ioctl: str
    on: str
    cpu: int
    args: Mapping[str, Any]
    new: str | None = None

    def __hash__(self) -> int:
        return hash((self.ioctl, self.on, self.cpu, self.new, *self.args.values()))

    @classmethod
    def make(cls, ioctl: str, on: str, cpu: int, new: str | None = None, **args: Any) -> Call:
        """A checked Call.  Raises `BadCall` if something does not fit the table."""
        if ioctl not in SIGNATURES:
            raise BadCall(f"call: {ioctl!r} is not known; known: {', '.join(SIGNATURES)}")
        signature = SIGNATURES[ioctl]
        if not isinstance(on, str) or kind_of(on) not in signature.on:
            raise BadCall(f"on: {ioctl} is issued on {' or '.join(signature.on)}, not on {on!r}")
        if isinstance(cpu, bool) or not isinstance(cpu, int) or not 0 <= cpu <= MOST_CPU:
            raise BadCall(f"cpu: {cpu!r} is not a CPU number")
        _check_new(ioctl, signature, new)
        for key in args:
            if key not in signature.names:
                known = ", ".join(signature.names) or "none"
                raise BadCall(f"{ioctl} has no argument {key!r}; it has: {known}")
        full = {}
        for key, param in signature.names.items():
            if key in args:
                full[key] = param.type.parse(args[key], key)
            elif param.default is REQUIRED:
                raise BadCall(f"{ioctl} needs the argument {key!r}")
            else:
                full[key] = param.default
        return cls(ioctl, on, cpu, full, new)

    @classmethod
    def from_json(cls, value: Any) -> Call:
        """The Call whose JSON form is ``value``.  Raises `BadCall` if it does not fit the table."""
        if not isinstance(value, dict):
            raise BadCall("a call is a JSON object")
        for key in ("call", "on", "cpu"):
            if key not in value:
                raise BadCall(f"a call needs the key {key!r}")
        args = {key: inner for key, inner in value.items() if key not in _OWN_KEYS}
        if not isinstance(value["call"], str):
            raise BadCall(f"call: {value['call']!r} is not the name of an ioctl")
        clash = set(args) & {"ioctl", "cls"}
        if clash:
            raise BadCall(f"{value['call']} has no argument {min(clash)!r}")
        return cls.make(value["call"], value["on"], value["cpu"], value.get("new"), **args)

    def to_json(self, names: bool = True) -> dict[str, Any]:
        """The JSON form, with the kernel's name for each number that has one.

        Without ``names`` it is shorter, which matters on a serial line.
        """
        out: dict[str, Any] = {"call": self.ioctl, "on": self.on, "cpu": self.cpu}
        if self.new is not None:
            out["new"] = self.new
        for param in SIGNATURES[self.ioctl].params:
            value = self.args[param.name]
            if value != param.default:
                out[param.name] = param.type.dump(value, names)
        if names and "group" in out and "attr" in out:
            kind = kind_of(self.on) or ""
            group, attr = self.args["group"], self.args["attr"]
            out["group"] = k.name_of(group, k.groups(kind))
            out["attr"] = k.name_of(attr, k.attrs(kind, group))
        return out


def _check_new(ioctl: str, signature: Signature, new: Any) -> None:
    if signature.creates is None:
        if new is not None:
            raise BadCall(f"new: {ioctl} does not make an object")
    elif not isinstance(new, str) or kind_of(new) != signature.creates:
        raise BadCall(
            f"new: {ioctl} needs a name for its object, like {signature.creates}0, not {new!r}"
        )
