"""The generated parts of the reference, as Markdown, made from the code in each build of the site.

Not for: Sphinx (`kvmpmu_site`).  `PARTS` has each part by name.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from pytest_kvmpmu import commands, plugin
from pytest_kvmpmu.data import picture, topology
from pytest_kvmpmu.data.capabilities import CAPABILITIES
from pytest_kvmpmu.data.host import format_cpus
from pytest_kvmpmu.data.payloads import payloads
from pytest_kvmpmu.data.revision import REVISIONS
from pytest_kvmpmu.lab import lines as kernel_lines
from pytest_kvmpmu.plugin import fixtures, marks
from pytest_kvmpmu.spec import catalogue, page
from pytest_kvmpmu.testing.promises import PROMISES


class _Seen:
    """Replaces pytest's parser: keeps the options that the plugin declares."""

    def __init__(self) -> None:
        self.options: list[tuple[str, dict[str, Any]]] = []
        self.ini: dict[str, tuple[Any, ...]] = {}

    def getgroup(self, *_: str) -> _Seen:
        return self

    def addoption(self, flag: str, **how: Any) -> None:
        self.options.append((flag, how))

    def addini(self, name: str, *about: Any, **default: Any) -> None:
        self.ini[name] = (*about, default)


def options() -> str:
    """The options of pytest and their ini keys."""
    seen: Any = _Seen()
    plugin.pytest_addoption(seen)
    lines = []
    for flag, how in seen.options:
        name = f"{flag}={how['metavar']}" if how.get("metavar") else flag
        ini = f". Ini key: `{how['dest']}`" if how["dest"] in seen.ini else ""
        lines += [f"`{name}`", f": {how['help']}{ini}", ""]
    return "\n".join(lines)


def markers() -> str:
    """The markers, with the text that they are registered with."""
    lines = []
    for line in marks.LINES:
        signature, _, text = line.partition(": ")
        lines += [f"`{signature}`", f": {text}", ""]
    return "\n".join(lines)


def capabilities() -> str:
    """The capabilities for ``kvmpmu_requires``."""
    rows = ((f"`{found.name}`", found.what) for found in CAPABILITIES.values())
    return _table(("capability", "the host has"), rows)


def fixture_list() -> str:
    """The fixtures, with their docstrings."""
    assert fixtures.__file__ is not None
    with open(fixtures.__file__, encoding="utf-8") as file:  # noqa: PTH123  # a name, not a path
        tree = ast.parse(file.read())
    lines = []
    # Some are made within a function.
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for node in sorted(functions, key=lambda one: one.lineno):
        if any(map(_is_fixture, node.decorator_list)):
            text = (ast.get_docstring(node) or "").replace("``", "`").replace("\n", "\n  ")
            gives = f" → `{ast.unparse(node.returns)}`" if node.returns else ""
            lines += [f"`{node.name}`{gives}", f": {text}", ""]
    return "\n".join(lines)


def _is_fixture(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).startswith("pytest.fixture")


def revisions() -> str:
    """The revisions in their order."""
    return _table(("revision", "what changed"), ((f"`{r.name}`", r.what) for r in REVISIONS))


def topologies() -> str:
    """The topologies that ship."""
    rows = []
    for name in topology.names():
        host = topology.load(name)
        pmus = ", ".join(f"{pmu.name} on {format_cpus(pmu.cpus)}" for pmu in host.pmus)
        rows.append((f"`{name}`", host.description, pmus or "none"))
    return _table(("topology", "what it is", "PMUs in probe order"), rows)


def lines() -> str:
    """The kernel lines of the lab."""
    rows = ((f"`{line.name}`", line.suite, line.what) for line in kernel_lines.lines())
    return _table(("line", "Debian suite", "what it is"), rows)


def boards() -> str:
    """A picture of each topology that the lab boots."""
    return _pictures(topology.lab_names())


def model_boards() -> str:
    """A picture of each of the other topologies."""
    in_lab = topology.lab_names()
    return _pictures(name for name in topology.names() if name not in in_lab)


def _pictures(names: Iterable[str]) -> str:
    """Markdown passes HTML through up to the next blank line."""
    drawn = (picture.svg(topology.load(name)).rstrip() for name in names)
    return "\n\n".join(f'<figure class="board">\n{svg}\n</figure>' for svg in drawn)


def payload_list() -> str:
    """The guest payloads that ship."""
    rows = ((f"`{p.name}`", p.description) for p in payloads().values())
    return _table(("payload", "what it does"), rows)


def clauses() -> str:
    """The catalogue: the page of clauses without its head."""
    return page.body(list(catalogue.clauses().values()), catalogue.unspecified())


def promises() -> str:
    """The promises that check_backend checks."""
    return "\n".join(f"- {promise.what}" for promise in PROMISES)


def program() -> str:
    """The ``kvmpmu`` program: each of its commands."""
    return "\n".join(_command(commands.parser(), 2))


def _command(parser: argparse.ArgumentParser, level: int) -> Iterator[str]:
    below: dict[str, argparse.ArgumentParser] = {}
    rows = []
    for action in parser._actions:  # argparse has no public way to ask
        if isinstance(action, argparse._SubParsersAction):
            below.update(action.choices)
        elif not isinstance(action, argparse._HelpAction):
            name = ", ".join(_written(action))
            rows.append((f"`{name}`", action.help or ""))
    if level > 2:
        parser.formatter_class = _Wide
        usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
        yield from ("#" * (level - 1) + f" {parser.prog}", "", "```text", usage, "```", "")
    yield from (_sentence(parser.description), "")
    if rows:
        yield from (_table(("argument", "meaning"), rows), "")
    for inner in below.values():
        yield from _command(inner, level + 1)


class _Wide(argparse.HelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=10_000)


def _written(action: argparse.Action) -> Sequence[str]:
    metavar = action.metavar or ("" if action.nargs == 0 else action.dest.upper())
    if not action.option_strings:
        return [str(metavar)]
    return [f"{flag} {metavar}".strip() for flag in action.option_strings]


def _sentence(text: str | None) -> str:
    return " ".join((text or "").split())


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(_cell(c) for c in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


PARTS: dict[str, Callable[[], str]] = {
    "options": options,
    "markers": markers,
    "capabilities": capabilities,
    "fixtures": fixture_list,
    "revisions": revisions,
    "topologies": topologies,
    "lines": lines,
    "boards": boards,
    "model-boards": model_boards,
    "payloads": payload_list,
    "promises": promises,
    "clauses": clauses,
    "program": program,
}
