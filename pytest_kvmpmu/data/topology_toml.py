"""A `Host` as the text of a topology file, which `topology` reads back.

Not for: where the host comes from (`device_tree`, the real backend).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from .gic import DEFAULT as DEFAULT_GIC
from .host import IPA_BITS, PMUV3, Host, Pmu, format_cpus

# What most cores have; stands where a PMU's number is not known.
USUAL_COUNTERS = 6


def text(host: Host, head: Sequence[str] = ()) -> str:
    """The file, with the lines of ``head`` as comments at its top.

    What reads back equals ``host`` but for its name, unless a PMU's ``counters`` or ``pmuver`` is
    None: then a comment says so.  A CPU number that the host does not have becomes an offline CPU.
    """
    lines = [f"# {line}".rstrip() for line in head]
    lines += _top(host)
    for pmu in host.pmus:
        lines += ["", *_pmu(pmu)]
    return "\n".join(lines) + "\n"


def _top(host: Host) -> Iterator[str]:
    count = max(host.present) + 1
    if host.description:
        yield f"description = {_string(host.description)}"
    yield f"cpus = {count}"
    up = count if host.maxcpus is None else host.maxcpus
    if down := frozenset(range(up)).difference(host.cpus):
        yield f"offline = {_string(format_cpus(down))}"
    if host.maxcpus is not None:
        yield f"maxcpus = {host.maxcpus}"
    if host.gics != (DEFAULT_GIC,):
        yield f"gic = {host.gics[0] if len(host.gics) == 1 else list(host.gics)}"
    if host.ipa_bits != IPA_BITS:
        yield f"ipa_bits = {host.ipa_bits}"
    for key in ("protected", "impdef_traps", "nested"):
        if getattr(host, key):
            yield f"{key} = true"
    if host.uncovered_pmuver not in (None, PMUV3):
        yield f"pmuver = {host.uncovered_pmuver}"


def _pmu(pmu: Pmu) -> Iterator[str]:
    yield "[[pmu]]"
    yield f"name = {_string(pmu.name)}"
    if pmu.compatible:
        yield f"compatible = {_string(pmu.compatible)}"
    if pmu.core:
        yield f"core = {_string(pmu.core)}"
    yield f"type = {pmu.type}"
    yield f"cpus = {_string(format_cpus(pmu.covers))}"
    if pmu.counters is None:
        yield f"counters = {USUAL_COUNTERS} # not known; {USUAL_COUNTERS} is usual"
    else:
        yield f"counters = {pmu.counters}"
    if pmu.pmuver is None:
        yield "# pmuver is not known; without the key it is that of Armv8.0"
    elif pmu.pmuver != PMUV3:
        yield f"pmuver = {pmu.pmuver}"


def _string(value: str) -> str:
    """A basic string.  JSON's escapes are also TOML's, which has DEL among them."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
