"""Parameter types of Calls: how an argument is checked, read from JSON and written to JSON.

Not for: which call has which parameter; see the table in `call`.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Any, Mapping, NamedTuple

from ..uapi.constants import ABI_NAMES, name_of

U32 = (0, 2**32 - 1)
U64 = (0, 2**64 - 1)


# Compiled here, not at the first use: in a lab VM that would be after each resume.
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


class BadCall(ValueError):
    """A call that does not fit the table; the message is one sentence without a full stop."""


@dataclass(frozen=True)
class Addr:
    """The memory that ``kvm_device_attr.addr`` points to.

    ``kind`` is a C type with ``values``, or ``fault`` (an address that is not mapped)
    or ``null``.  For KVM_GET_DEVICE_ATTR the values are the memory's content before the call.
    """

    kind: str
    values: tuple[int, ...] = ()

    @property
    def memory(self) -> bytes:
        """The bytes at the address; empty for ``fault`` and ``null``."""
        return struct.pack(POINTEES[self.kind][0], *self.values) if self.values else b""


FAULT = Addr("fault")
NULL = Addr("null")

# C type: struct format, bounds of each member by name.
POINTEES: dict[str, tuple[str, dict[str, tuple[int, int]]]] = {
    "int": ("<i", {"int": (-(2**31), 2**31 - 1)}),
    "u32": ("<I", {"u32": U32}),
    "u64": ("<Q", {"u64": U64}),
    "kvm_pmu_event_filter": (
        "<HHB3x",
        {"base_event": (0, 65535), "nevents": (0, 65535), "action": (0, 255)},
    ),
}


def whole_number(value: Any, bounds: tuple[int, int], key: str) -> int:
    """``value`` as an int within ``bounds``; a kernel name stands for its number."""
    if isinstance(value, str) and value in ABI_NAMES:
        value = ABI_NAMES[value]
    low, high = bounds
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadCall(f"{key}: {value!r} is neither a whole number nor a kernel name known here")
    if not low <= value <= high:
        raise BadCall(f"{key}: {value} is not within {low} and {high}")
    return int(value)  # JSON would not keep an IntEnum's member


class Number(NamedTuple):
    """A whole number within bounds; may be written with the kernel's name for it."""

    bounds: tuple[int, int] = U32
    names: Mapping[str, int] | None = None

    def parse(self, value: Any, key: str) -> Any:
        return whole_number(value, self.bounds, key)

    def dump(self, value: Any, names: bool) -> Any:
        return name_of(value, self.names) if names and self.names is not None else value


class Bits(NamedTuple):
    """A set of bit numbers (vCPU features), each as a number or by name."""

    names: Mapping[str, int]
    most: int = 7 * 32 - 1

    def parse(self, value: Any, key: str) -> Any:
        if not isinstance(value, (list, tuple, frozenset, set)):
            raise BadCall(f"{key}: {value!r} is not a list of bit numbers")
        return frozenset(whole_number(bit, (0, self.most), key) for bit in value)

    def dump(self, value: Any, names: bool) -> Any:
        return [name_of(bit, self.names) if names else bit for bit in sorted(value)]


class Flag:
    """true or false."""

    def parse(self, value: Any, key: str) -> Any:
        if not isinstance(value, bool):
            raise BadCall(f"{key}: {value!r} is neither true nor false")
        return value

    def dump(self, value: Any, names: bool) -> Any:  # noqa: ARG002  # it has no names
        return value


class Choice(NamedTuple):
    """One of a few words."""

    words: tuple[str, ...]

    def parse(self, value: Any, key: str) -> Any:
        if value not in self.words:
            raise BadCall(f"{key}: {value!r} is not one of {', '.join(self.words)}")
        return value

    def dump(self, value: Any, names: bool) -> Any:  # noqa: ARG002  # it has no names
        return value


class Name:
    """A name of letters, digits and dashes (a guest payload), or none."""

    def parse(self, value: Any, key: str) -> Any:
        if value is not None and not (isinstance(value, str) and _NAME.match(value)):
            raise BadCall(f"{key}: {value!r} is not a payload name")
        return value

    def dump(self, value: Any, names: bool) -> Any:  # noqa: ARG002  # it has no names
        return value


class Pointer:
    """The memory behind ``kvm_device_attr.addr``: ``{"int": 8}``, ``"fault"``, ``"null"``."""

    def parse(self, value: Any, key: str) -> Any:
        if isinstance(value, Addr):
            value = self.dump(value)
        if value in ("fault", "null"):
            return Addr(value)
        if not isinstance(value, dict) or len(value) != 1 or not set(value) <= set(POINTEES):
            raise BadCall(
                f'{key}: {value!r} is neither "fault", "null" nor {{TYPE: VALUE}} with TYPE one of'
                f" {', '.join(POINTEES)}"
            )
        ((kind, inner),) = value.items()
        members = POINTEES[kind][1]
        if kind in members:
            inner = {kind: inner}
        if not isinstance(inner, dict) or set(inner) != set(members):
            raise BadCall(f"{key}: {kind} has the members {', '.join(members)}, got {inner!r}")
        return Addr(
            kind,
            tuple(whole_number(inner[m], members[m], f"{key}.{m}") for m in members),
        )

    def dump(self, value: Any, names: bool = True) -> Any:  # noqa: ARG002  # it has no names
        if not value.values:
            return value.kind
        members = POINTEES[value.kind][1]
        inner = dict(zip(members, value.values))
        return {value.kind: inner.get(value.kind, inner)}
