"""The phrases that prose in this project avoids, and readers that find the prose in a file.

Names are exempt: what stands in backticks, a string of one word, and a fenced block are not read.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .pages import ROOT


@dataclass(frozen=True)
class Rule:
    """A phrase to avoid, and what to write.

    In ``phrase`` a blank also matches the end of a line, and ``<words>`` up to eight words.
    ``bad`` has the phrase in each part between semicolons, ``good`` in none.
    """

    phrase: str
    plainer: str
    bad: str
    good: str

    def search(self, text: str) -> Iterator[re.Match[str]]:
        pattern = self.phrase.replace("<words>", r"(?: [^\s.;:]+){0,8}?").replace(" ", r"[ \n]")
        return re.finditer(pattern, text, re.IGNORECASE)


# "there is no CPU" is plain, and so are "is no longer" and "is no more than".
_PLAIN_NO = r"(?!longer\b|(?:more|less|\w+er) than\b)"
RULES = (
    Rule(
        rf"(?<!\bthere )(?<!\bthere (?:can|may) )\b(?:is|are|was|were|be|been) no {_PLAIN_NO}\S",
        "is not a ..., has no ..., there is no ...",
        "'0-x' is no CPU list",
        "'0-x' is not a CPU list; there are no CPUs; it is no longer used, and is no more than 3",
    ),
    Rule(
        r"\b(?:comes?|came) (?:to|of)\b",
        "returns, results in, the result of, is",
        "what the call came to; it comes of this; what all of the calls come to",
        "the call's result; it comes from the kernel; the result of all calls",
    ),
    Rule(
        r"\bbe had\b",
        "is available, is not available",
        "the kernel can't be had",
        "the kernel is not available; it had to be built",
    ),
    Rule(
        r"\bmend(?:s|ed|ing)?\b",
        "fix",
        "Mend the syntax; it is mended",
        "Fix the syntax; amend the commit",
    ),
    Rule(
        r"\bwhat there is\b",
        "name the thing: the files, the entries, ...",
        "what there is of a report",
        "the report, or the part that was written",
    ),
    Rule(
        r"\btold\b",
        "says, reports, is given, is passed",
        "the number that the guest is told",
        "the number that the guest reads",
    ),
    Rule(
        r"\btell(?:s|ing)? of\b",
        "says, describes, reports",
        "a line that tells of the failure",
        "a line that describes the failure",
    ),
    Rule(
        r"\b(?:leaves?|leaving|left)(?: [^\s.,;:]+){0,3} out\b",
        "is omitted, is skipped, is excluded",
        "empty fields are left out; it leaves the rest out; leave --kvmpmu-gate out",
        "empty fields are omitted; it leaves the folder; `left_out` is a key",
    ),
    Rule(
        r"\b(?:holds?|held|holding)<words> against\b",
        "compares with, checks against",
        "each answer is held against the model; it holds each answer against it",
        "each answer is compared with the model",
    ),
    Rule(
        r"\bheed",
        "handles, follows, respects",
        "a call that does not heed the signal",
        "a call that ignores the signal",
    ),
    Rule(
        r"\bof (?:no )?use\b(?!-)",
        "is usable, is unusable, is used, helps",
        "the session is of no use; it is of use",
        "the session is unusable; an example of use-after-free",
    ),
    Rule(
        r"\bto run again what failed\b",
        "to rerun what failed",
        "the command to run again what failed",
        "the command to rerun what failed",
    ),
    Rule(
        r"\bwhoever\b",
        "name the module or the person",
        "whoever judges the run",
        "the gate, which judges the run",
    ),
    Rule(
        r"\bexit codes?\b",
        "exit status",
        "stops with exit code 4",
        "stops with exit status 4",
    ),
)


@dataclass(frozen=True)
class Prose:
    """A run of prose, and the line on which it starts."""

    line: int
    text: str


Reader = Callable[[str], Iterator[Prose]]


def _unnamed(text: str) -> str:
    """The text without names: code spans and the targets of links; with its lines."""
    within = r"(?:[^\n]|\n(?!\s*\n))+?"  # a paragraph
    text = re.sub(rf"(`+)(?!`){within}(?<!`)\1(?!`)|\]\([^()\s]*\)", _lines_alone, text)
    return re.sub(r"[ \t]*\n[ \t]*", "\n", re.sub(r"[ \t]+", " ", text))


def _lines_alone(match: re.Match[str]) -> str:
    return "`" + "\n" * match[0].count("\n") + "`"


def page(text: str) -> Iterator[Prose]:
    """A page outside of its fenced blocks; also any file that is all prose."""
    fenced = r"^( *)(```+)(?!`).*?^\1\2$"
    yield Prose(1, re.sub(fenced, _lines_alone, text, flags=re.DOTALL | re.MULTILINE))


def data(text: str) -> Iterator[Prose]:
    """The strings and comments of a TOML file, and the strings of a JSON file."""
    token = r'"""([\s\S]*?)"""|"((?:\\.|[^"\\\n])*)"|\'([^\'\n]*)\'|((?:#.*(?:\n *)?)+)'
    for match in re.finditer(token, text):
        words = next(part for part in match.groups() if part is not None)
        if match[4]:
            words = words.replace("#", " ")
        if match[4] or " " in words:
            yield Prose(text.count("\n", 0, match.start()) + 1, words)


def comments(text: str) -> Iterator[Prose]:
    """The comments of a Python file, those on adjacent lines as one."""
    found: list[tuple[int, list[str]]] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            line = token.start[0]
            if not found or found[-1][0] + len(found[-1][1]) != line:
                found.append((line, []))
            found[-1][1].append(token.string.lstrip("#"))
    for line, parts in found:
        yield Prose(line, "\n".join(parts))


def _strings(node: ast.AST) -> Iterator[tuple[ast.expr, str]]:
    """The strings below ``node``, with ``{}`` for each value of an f-string."""
    if isinstance(node, ast.JoinedStr):
        parts = [v.value if isinstance(v, ast.Constant) else "{}" for v in node.values]
        yield node, "".join(map(str, parts))
        inner: list[ast.AST] = [v.value for v in node.values if isinstance(v, ast.FormattedValue)]
    else:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node, node.value
        inner = list(ast.iter_child_nodes(node))
    for child in inner:
        yield from _strings(child)


def _at(node: ast.expr, words: str) -> Prose:
    """A string; one with escapes or of several parts counts as one line."""
    same = (node.end_lineno or node.lineno) - node.lineno == words.count("\n")
    return Prose(node.lineno, words if same else words.replace("\n", " "))


def strings(text: str) -> Iterator[Prose]:
    """The strings and comments of a Python file, docstrings too."""
    yield from comments(text)
    for node, words in _strings(ast.parse(text)):
        if " " in words:
            yield _at(node, words)


def docstrings(text: str) -> Iterator[Prose]:
    """The docstrings and comments of a Python file."""
    yield from comments(text)
    for node in ast.walk(ast.parse(text)):
        if (
            isinstance(node, ast.Expr)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
        ):
            yield _at(node.value, node.value.value)


# What is read, and how.
FILES: dict[str, Reader] = {
    "*.md": page,
    "tox.ini": page,
    ".ci/*": page,
    "docs/**/*.md": page,
    "docs/ci/*": page,
    "fixtures/**/*.S": page,
    "fixtures/**/*.inc": page,
    "pytest_kvmpmu/**/*.j2": page,
    "*.toml": data,
    "docs/**/*.toml": data,
    "fixtures/**/*.toml": data,
    "pytest_kvmpmu/**/*.toml": data,
    "pytest_kvmpmu/**/*.json": data,
    "tests/**/*.toml": data,
    "pytest_kvmpmu/**/*.py": strings,
    "conformance/**/*.py": strings,
    "docs/**/*.py": strings,
    "tests/**/*.py": docstrings,
}


def found(text: str, reader: Reader) -> Iterator[tuple[int, str, Rule]]:
    """Each phrase of `RULES`: its line, its words and its rule."""
    for prose in reader(text):
        words = _unnamed(prose.text)
        for rule in RULES:
            for match in rule.search(words):
                line = prose.line + words.count("\n", 0, match.start())
                yield line, " ".join(match[0].split()), rule


def files(pattern: str) -> list[Path]:
    return [p for p in sorted(ROOT.glob(pattern)) if p.is_file() and "_build" not in p.parts]
