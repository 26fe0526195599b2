"""The catalogue as a page of the documentation, in Markdown.

The site makes it each time it is built; ``kvmpmu clauses --markdown`` prints it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from .catalogue import REASONS, Clause, Unspecified
from .changes import Commit
from .listing import standing
from .sections import url

# All of the page that is kept in git, as docs/clauses.md, with a comment for the rest.
HEAD = """\
# Clauses

The site shows `pytest_kvmpmu/spec/clauses.toml` here; `kvmpmu clauses` prints it.
"""

_INTRODUCTION = """\
What a conforming kernel does, statement by statement, in our own words and in the order of
the kernel's documentation (`Documentation/virt/kvm`). Specs cite clauses by slug, the summary
of a run counts them, and the model's rows name them. `kvmpmu clauses` prints the same for a
terminal, `kvmpmu clauses --kernel 6.1` the clauses that hold in 6.1, `kvmpmu clauses --commits`
the upstream commits behind them, and `kvmpmu clauses --json` everything for programs.

A standing is one of

- documented: text and kernel agree; "documented since" names the first revision whose text
  says so, if the kernel did so earlier;
- observed: the kernel does it, and no text says so;
- divergent: the text says one thing and the kernel does another; both are in
  [a table of their own](#where-documentation-and-kernel-differ);
- proposed: a posted series did it, and was merged in another form.
"""


def page(chosen: Sequence[Clause], excuses: Mapping[str, Unspecified]) -> str:
    """The whole page; ends with a newline."""
    return f"{HEAD}\n{body(chosen, excuses)}"


def body(chosen: Sequence[Clause], excuses: Mapping[str, Unspecified]) -> str:
    """The page without its head."""
    return "\n".join(
        [
            _INTRODUCTION,
            *_by_document(chosen),
            *_differ(chosen),
            *_changes(chosen),
            *_gaps(chosen, excuses),
        ]
    )


def _by_document(chosen: Sequence[Clause]) -> Iterator[str]:
    documents = list(dict.fromkeys(_document(c) for c in chosen))
    for document in documents:
        yield f"## {document}\n"
        mine = [c for c in chosen if _document(c) == document]
        yield from _table(
            ("clause", "section", "revisions", "standing", "statement", "changes"),
            (
                (_anchor(c), _section(c), c.span, standing(c), c.statement, _commits(c))
                for c in mine
            ),
        )


def _differ(chosen: Sequence[Clause]) -> Iterator[str]:
    yield "## Where documentation and kernel differ\n"
    yield "With `--kvmpmu-strict-spec` a spec that verifies one of these fails.\n"
    yield from _table(
        ("clause", "section", "the text", "the kernel", "kernel releases"),
        (
            (_link(c.slug), c.section, c.text, c.statement, c.releases)
            for c in chosen
            if c.divergent
        ),
    )


def _changes(chosen: Sequence[Clause]) -> Iterator[str]:
    yield "## The changes behind the clauses\n"
    commits = dict.fromkeys(commit for c in chosen for commit in c.commits)
    yield from _table(
        ("commit", "subject", "first release", "stable releases known", "clauses"),
        (
            (
                _commit(commit),
                commit.subject,
                commit.release,
                ", ".join(commit.stable),
                ", ".join(_link(c.slug) for c in chosen if commit in c.commits),
            )
            for commit in sorted(commits, key=_by_release)
        ),
    )
    postings = dict.fromkeys(c.posting for c in chosen if c.posting)
    yield from (
        f"- {p.revision}: [{p.subject.replace('[', chr(92) + '[')}]({p.url})" for p in postings
    )
    yield ""
    noted = [c for c in chosen if c.commits_note]
    if noted:
        yield "Where the releases of commits are not those that a clause's revisions say:\n"
        yield from (f"- {_link(c.slug)}: {c.commits_note}" for c in noted)
        yield ""


def _gaps(chosen: Sequence[Clause], excuses: Mapping[str, Unspecified]) -> Iterator[str]:
    yield "## Clauses without a spec\n"
    found = [(excuses[c.slug], c.slug) for c in chosen if c.slug in excuses]
    order = list(REASONS)
    found.sort(key=lambda pair: order.index(pair[0].reason))
    for reason, group in groupby(found, key=lambda pair: pair[0].reason):
        yield f"{reason}: {REASONS[reason]}.\n"
        yield from (f"- {_link(slug)}{': ' + why.why if why.why else ''}" for why, slug in group)
        yield ""


def _table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _line(headings)
    yield _line(["---"] * len(headings))
    yield from map(_line, rows)
    yield ""


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _anchor(c: Clause) -> str:
    return f'<a id="{c.slug}"></a>`{c.slug}`'


def _link(slug: str) -> str:
    """In HTML, as Sphinx does not know the anchors."""
    return f'<a href="#{slug}">`{slug}`</a>'


def _section(c: Clause) -> str:
    where = url(c.section)
    name = c.section.partition(" ")[2] or _document(c)
    return f"[{name}]({where})" if where else name


def _commits(c: Clause) -> str:
    posted = [f"[{c.posting.revision}]({c.posting.url})"] if c.posting else []
    return ", ".join([*posted, *map(_commit, c.commits)])


def _commit(commit: Commit) -> str:
    return f"[`{commit.id}`]({commit.url})"


def _by_release(commit: Commit) -> tuple[int, ...]:
    return tuple(map(int, commit.release.split(".")))


def _document(c: Clause) -> str:
    return c.section.partition(" ")[0]
