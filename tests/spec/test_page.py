"""The site's page of clauses is what the command prints."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kvmpmu import commands
from pytest_kvmpmu.data.revision import FIRST, revision
from pytest_kvmpmu.spec import catalogue, page
from pytest_kvmpmu.spec.catalogue import Clause, Source, Unspecified, clauses

DOCS = Path(__file__).parents[2] / "docs"


def test_the_site_has_the_page_that_the_command_prints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(DOCS / "_ext")
    kept = DOCS.joinpath("clauses.md").read_text(encoding="utf-8")
    made = importlib.import_module("page_text").fill_in("clauses", kept)
    assert commands.main(["clauses", "--markdown"]) == 0
    # A plain bool: the difference of two long pages helps nobody.
    same = made.rstrip("\n") == capsys.readouterr().out.rstrip("\n")
    assert same, "docs/clauses.md is not spec/page.py's HEAD with the comment for the rest"


def test_the_page_has_an_anchor_for_each_clause() -> None:
    text = page.page(list(clauses().values()), {})
    assert all(text.count(f'<a id="{slug}"></a>') == 1 for slug in clauses())


CHANGES = """
[commits.012345678abc]
subject = "KVM: Add a | b"
release = "6.4"
stable = ["6.1.9"]
"""
LINK = "[`012345678abc`](https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/commit/?id=012345678abc)"
POSTING = "20211115165041.194884-1-alexandru.elisei@arm.com"


@pytest.fixture
def commit(tmp_path: Path) -> Iterator[str]:
    """The id of a commit that another plugin's clauses name."""
    (tmp_path / "clauses.toml").write_text("")
    (tmp_path / "changes.toml").write_text(CHANGES)
    source = Source(tmp_path / "clauses.toml", changes=tmp_path / "changes.toml")
    undo = catalogue.include((source,))
    yield "012345678abc"
    undo()


def test_the_page_has_each_clause_its_difference_its_changes_and_its_reason(commit: str) -> None:
    made = [
        Clause("a", "api.rst 4.1", "x | y", "must", "documented", FIRST, None, ""),
        Clause(
            *(
                "c",
                "vcpu.rst 1.9",
                "z",
                "may",
                "documented",
                revision("series-v1"),
                None,
                "",
                revision("linux-6.7"),
            ),
            *((commit,), "it is late"),
        ),
        Clause("b", "else.rst", "it is EIO", "may", "divergent", FIRST, None, "it is EBUSY"),
    ]
    lines = page.page(made, {"a": Unspecified("pending", "soon")}).splitlines()
    section = "[4.1](https://docs.kernel.org/virt/kvm/api.html#kvm-get-api-version)"
    changes = f"[series-v1](https://lore.kernel.org/r/{POSTING}), {LINK}"
    for line in (
        f'| <a id="a"></a>`a` | {section} | in every revision | documented | x \\| y |  |',
        '| <a id="c"></a>`c` | [1.9](https://docs.kernel.org/virt/kvm/devices/vcpu.html)'
        f" | since series-v1 | documented since linux-6.7, may | z | {changes} |",
        '| <a id="b"></a>`b` | else.rst | in every revision | divergent, may | it is EIO |  |',
        '| <a href="#b">`b`</a> | else.rst | it is EBUSY | it is EIO | from 5.10 |',
        f'| {LINK} | KVM: Add a \\| b | 6.4 | 6.1.9 | <a href="#c">`c`</a> |',
        "- series-v1: [\\[PATCH 0/4] KVM: arm64: Improve PMU support on heterogeneous systems]"
        f"(https://lore.kernel.org/r/{POSTING})",
        '- <a href="#c">`c`</a>: it is late',
        '- <a href="#a">`a`</a>: soon',
    ):
        assert line in lines
