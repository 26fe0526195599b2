"""The catalogue as a page of the documentation, in Markdown: ``docs/clauses.md``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from .catalogue import REASONS, Clause, Unspecified
from .listing import standing

COMMAND = "kvmpmu clauses --markdown > docs/clauses.md"

_INTRODUCTION = f"""\
# Clauses

<!-- Generated: {COMMAND} -->

What a conforming kernel does, statement by statement, in our own words and in the order of
the kernel's documentation (`Documentation/virt/kvm`). Specs cite these by slug, the summary
of a run counts them, and the model's rows name them. `kvmpmu clauses` prints the same for a
terminal, `kvmpmu clauses --kernel 6.1` what holds there, `kvmpmu clauses --json` for programs.

A standing is one of

- documented: text and kernel agree; "documented since" names the first revision whose text
  does, where the kernel was first;
- observed: the kernel does it, and no text says so;
- divergent: the text says one thing and the kernel does another; both are in
  [a table of their own](#where-documentation-and-kernel-differ);
- proposed: a posted series did it, and was merged in another form.
"""


def page(chosen: Sequence[Clause], excuses: Mapping[str, Unspecified]) -> str:
    """The whole page; ends with a newline."""
    return "\n".join(
        [_INTRODUCTION, *_by_document(chosen), *_differ(chosen), *_gaps(chosen, excuses)]
    )


def _by_document(chosen: Sequence[Clause]) -> Iterator[str]:
    documents = list(dict.fromkeys(_document(c) for c in chosen))
    for document in documents:
        yield f"## {document}\n"
        mine = [c for c in chosen if _document(c) == document]
        yield from _table(
            ("clause", "section", "revisions", "standing", "statement"),
            ((f"`{c.slug}`", _number(c), c.span, standing(c), c.statement) for c in mine),
        )


def _differ(chosen: Sequence[Clause]) -> Iterator[str]:
    yield "## Where documentation and kernel differ\n"
    yield "With `--kvmpmu-strict-spec` a spec that finds one of these fails.\n"
    yield from _table(
        ("clause", "section", "the text", "the kernel", "kernel releases"),
        (
            (f"`{c.slug}`", c.section, c.text, c.statement, c.releases)
            for c in chosen
            if c.divergent
        ),
    )


def _gaps(chosen: Sequence[Clause], excuses: Mapping[str, Unspecified]) -> Iterator[str]:
    yield "## Clauses without a spec\n"
    found = [(excuses[c.slug], c.slug) for c in chosen if c.slug in excuses]
    order = list(REASONS)
    found.sort(key=lambda pair: order.index(pair[0].reason))
    for reason, group in groupby(found, key=lambda pair: pair[0].reason):
        yield f"{reason}: {REASONS[reason]}.\n"
        yield from (f"- `{slug}`{': ' + why.why if why.why else ''}" for why, slug in group)
        yield ""


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _line(headings)
    yield _line(["---"] * len(headings))
    yield from map(_line, rows)
    yield ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _document(c: Clause) -> str:
    return c.section.partition(" ")[0]


def _number(c: Clause) -> str:
    return c.section.partition(" ")[2]
