"""Hypothesis strategies: any Call that fits the table, any Outcome."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from pytest_kvmpmu.uapi import constants as k
from pytest_kvmpmu.uapi.errno import Errno
from pytest_kvmpmu.wire.call import MOST_CPU, REQUIRED, SIGNATURES, Call
from pytest_kvmpmu.wire.outcome import Exit, FailEntry, Mmio, Outcome
from pytest_kvmpmu.wire.params import (
    FAULT,
    NULL,
    POINTEES,
    U32,
    U64,
    Addr,
    Bits,
    Choice,
    Flag,
    Name,
    Number,
    Pointer,
)

u32 = st.integers(*U32)
u64 = st.integers(*U64)


@st.composite
def pointers(draw: st.DrawFn) -> Addr:
    """Anything that ``addr`` can point to."""
    kind = draw(st.sampled_from([*POINTEES, "fault", "null"]))
    if kind in ("fault", "null"):
        return FAULT if kind == "fault" else NULL
    return Addr(kind, tuple(draw(st.integers(*bounds)) for bounds in POINTEES[kind][1].values()))


def values(kind: Any) -> st.SearchStrategy[Any]:
    """The values of one parameter type, the named ones often."""
    if isinstance(kind, Number):
        named = st.sampled_from(sorted((kind.names or k.PMU_ATTRS).values()))
        return st.one_of(named, st.integers(*kind.bounds))
    if isinstance(kind, Bits):
        return st.frozensets(st.integers(0, kind.most), max_size=6)
    if isinstance(kind, Flag):
        return st.booleans()
    if isinstance(kind, Choice):
        return st.sampled_from(kind.words)
    if isinstance(kind, Name):
        return st.one_of(st.none(), st.from_regex(r"[a-z0-9]+(-[a-z0-9]+)*", fullmatch=True))
    assert isinstance(kind, Pointer), kind
    return pointers()


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """Any Call, with some of its optional arguments omitted."""
    ioctl = draw(st.sampled_from(sorted(SIGNATURES)))
    signature = SIGNATURES[ioctl]
    kind = draw(st.sampled_from(signature.on))
    on = kind if kind == "kvm" else f"{kind}{draw(st.integers(0, 1000))}"
    new = None if signature.creates is None else f"{signature.creates}{draw(st.integers(0, 9))}"
    args = {
        param.name: draw(values(param.type))
        for param in signature.params
        if param.default is REQUIRED or draw(st.booleans())
    }
    return Call.make(ioctl, on, draw(st.integers(0, MOST_CPU)), new, **args)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The strategy's values, or None."""
    return st.one_of(st.none(), strategy)


exits = st.builds(
    Exit,
    reason=st.one_of(st.sampled_from(sorted(k.EXIT_REASONS.values())), u32),
    fail_entry=maybe(st.builds(FailEntry, maybe(u64), maybe(u32))),
    mmio=maybe(st.builds(Mmio, u64, st.integers(1, 8), st.booleans(), u64)),
)
outcomes = st.builds(
    Outcome,
    ret=st.integers(-1, 2**31 - 1),
    errno=maybe(st.one_of(st.sampled_from(list(Errno)), st.integers(1, 4095))),
    out=maybe(st.dictionaries(st.sampled_from(["value", "target"]), u32)),
    exit=maybe(exits),
    timed_out=st.booleans(),
)
