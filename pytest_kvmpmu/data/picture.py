"""A topology as a picture: an SVG, or a few lines for a terminal.

One column per CPU, one row per PMU in probe order.  Not for: reading topologies
(`topology`).
"""

from __future__ import annotations

from html import escape

from .host import PMUV3, Host, Pmu, format_cpus

# One for each PMU, in the order of their CPUs, repeated as needed; and for CPUs without a PMU.
_COLOURS = ("#2f6db3", "#c8661e", "#3a8a4d", "#8a4fa3", "#a33b4f", "#4a7d86")
_BARE = "#9aa0a6"
_INK, _FAINT, _PAPER = "#1f2328", "#59636e", "#ffffff"

# Pixels.
_CELL, _GAP, _ROW, _EDGE = 44, 6, 40, 20
_LETTER = 7.4  # width of a character in a label, at most
_TOP = 66  # above the CPUs
# More columns than this do not fit on a terminal.
_MOST = 24


def svg(host: Host) -> str:
    """An SVG document, for a file or for an HTML page; its title and description say all of it."""
    labels = [_label(pmu) for pmu in host.pmus] or ["no PMU"]
    names = max(len(label) for label in labels) * _LETTER + 40
    left = _EDGE + max(names, 110)
    present = sorted(host.present)
    width = max(left + len(present) * _CELL + _EDGE, _EDGE * 2 + len(host.description) * _LETTER)
    height = _TOP + _CELL + _GAP + len(labels) * _ROW + _EDGE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" '
        f'viewBox="0 0 {width:.0f} {height}" role="img" font-family="sans-serif" font-size="13">',
        f"<title>{escape(_title(host))}</title>",
        f"<desc>{escape(_in_words(host))}</desc>",
        f'<rect x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="8" '
        f'fill="{_PAPER}" stroke="#d1d9e0"/>',
        _text(_EDGE, 28, host.name, _INK, 'font-size="16" font-weight="bold"'),
        _text(_EDGE, 48, host.description, _FAINT),
        _text(_EDGE + 20, _TOP + 27, "CPU", _FAINT),
    ]
    for column, cpu in enumerate(present):
        dashed = cpu in host.offline or _pmu(host, cpu) is None
        parts += _cpu(left + column * _CELL, cpu, _colour(host, cpu), dashed)
    for row, label in enumerate(labels):
        y = _TOP + _CELL + _GAP + row * _ROW
        pmu = host.pmus[row] if host.pmus else None
        if pmu is not None:
            parts.append(_text(_EDGE, y + 24, str(row + 1), _FAINT, 'font-weight="bold"'))
            parts += _bars(host, pmu, left, y)
        parts.append(_text(_EDGE + 20, y + 24, label, _INK))
    return "\n".join([*parts, "</svg>", ""])


def lines(host: Host) -> list[str]:
    """The picture as plain text; a CPU that is offline has another mark."""
    cpus = sorted(host.present) if len(host.present) <= _MOST else []
    rows = [("", "CPU", "".join(f"{cpu:>4}" for cpu in cpus), format_cpus(host.present))]
    for number, pmu in enumerate(host.pmus, 1):
        marks = "".join(_mark(pmu, cpu) for cpu in cpus)
        rows.append((str(number), _label(pmu), marks, format_cpus(pmu.covers)))
    if host.offline:
        marks = "".join(" off" if cpu in host.offline else "    " for cpu in cpus)
        rows.append(("", "offline", marks, format_cpus(host.offline)))
    if not host.pmus:
        rows.append(("", "no PMU", "   ." * len(cpus), ""))
    width = max(len(label) for _, label, _, _ in rows)
    drawn = [f"{n:>2}  {label:<{width}} {marks}  {cpu_list}" for n, label, marks, cpu_list in rows]
    return [_title(host), "", *(line.rstrip() for line in drawn)]


def _mark(pmu: Pmu, cpu: int) -> str:
    if cpu in pmu.cpus:
        return " ###"
    return " ---" if cpu in pmu.offline else "   ."


def _title(host: Host) -> str:
    return f"{host.name}: {host.description}" if host.description else host.name


def _in_words(host: Host) -> str:
    """The picture for those who can't see it."""
    pmus = [f"{_label(pmu)} on CPUs {format_cpus(pmu.covers)}" for pmu in host.pmus]
    found = f"PMUs in probe order: {'; '.join(pmus)}" if pmus else "no PMU"
    offline = f" (offline: {format_cpus(host.offline)})" if host.offline else ""
    return f"CPUs {format_cpus(host.present)}{offline}; {found}"


def _label(pmu: Pmu) -> str:
    if pmu.pmuver in (PMUV3, None):
        return pmu.name
    return f"{pmu.name}, PMUVer {pmu.pmuver}"


def _pmu(host: Host, cpu: int) -> Pmu | None:
    """The PMU that covers the CPU, also if the CPU is offline."""
    return next((pmu for pmu in host.pmus if cpu in pmu.covers), None)


def _colour(host: Host, cpu: int) -> str:
    pmu = _pmu(host, cpu)
    return _BARE if pmu is None else _own(host, pmu)


def _own(host: Host, pmu: Pmu) -> str:
    order = sorted(host.pmus, key=lambda each: min(each.covers))
    return _COLOURS[order.index(pmu) % len(_COLOURS)]


def _cpu(x: float, cpu: int, colour: str, dashed: bool) -> list[str]:
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    return [
        f'<rect x="{x + 3:.0f}" y="{_TOP + 3}" width="{_CELL - 6}" height="{_CELL - 6}" rx="6" '
        f'fill="{colour}" fill-opacity="0.12" stroke="{colour}" stroke-width="1.5"{dash}/>',
        _text(x + _CELL / 2, _TOP + 27, str(cpu), _INK, 'text-anchor="middle" font-size="15"'),
    ]


def _bars(host: Host, pmu: Pmu, left: float, y: float) -> list[str]:
    """A bar over each group of adjacent CPUs that the PMU covers."""
    colour = _own(host, pmu)
    runs: list[list[int]] = []
    for column, cpu in enumerate(sorted(host.present)):
        if cpu not in pmu.covers:
            continue
        if runs and runs[-1][1] == column - 1:
            runs[-1][1] = column
        else:
            runs.append([column, column])
    return [
        f'<rect x="{left + first * _CELL + 3:.0f}" y="{y + 8:.0f}" '
        f'width="{(last - first + 1) * _CELL - 6}" height="{_ROW - 16}" rx="6" fill="{colour}"/>'
        for first, last in runs
    ]


def _text(x: float, y: float, text: str, colour: str, more: str = "") -> str:
    return (
        f'<text x="{x:.0f}" y="{y:.0f}" fill="{colour}" {more}'.rstrip() + f">{escape(text)}</text>"
    )
