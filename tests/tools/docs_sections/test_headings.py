"""Headings are found in text, and clauses without a section are reported."""

from __future__ import annotations

from pytest_kvmpmu.data.revision import FIRST, revision
from pytest_kvmpmu.spec.catalogue import Clause

from .headings import Documentation, missing, section_numbers

TEXT = """\
==============
vcpu interface
==============

1. GROUP: PMU
=============

1.1. ATTRIBUTE: IRQ
-------------------

1. a list, no heading
2. nor this

1.2 ATTRIBUTE: INIT
-------------------
4.10 in a sentence
"""
OLD = Documentation("6.1", {"vcpu.rst": frozenset({"1", "1.4"})})
NEW = Documentation("6.12", {"vcpu.rst": frozenset({"1", "1.4", "1.9"}), "new.rst": frozenset()})


def made(
    section: str, since: str = FIRST.name, until: str | None = None, documented: str | None = None
) -> Clause:
    last, told = (revision(name) if name else None for name in (until, documented))
    return Clause("a", section, "c", "must", "documented", revision(since), last, "", told)


def test_numbers_of_underlined_lines_are_sections() -> None:
    assert section_numbers(TEXT) == {"1", "1.1", "1.2"}


def test_a_section_has_to_be_in_each_release_in_which_the_clause_holds() -> None:
    assert missing([made("vcpu.rst 1.4"), made("vcpu.rst 1.9", "linux-6.7")], [OLD, NEW]) == []
    assert missing([made("vcpu.rst 1.9")], [OLD, NEW]) == [
        "a: vcpu.rst 1.9 is not in the documentation of 6.1"
    ]


def test_a_section_has_to_be_there_from_when_on_the_text_says_it() -> None:
    assert missing([made("vcpu.rst 1.9", documented="linux-6.7")], [OLD, NEW]) == []
    assert missing([made("vcpu.rst 1.10", documented="linux-6.7")], [OLD, NEW]) == [
        "a: vcpu.rst 1.10 is not in the documentation of 6.12"
    ]


def test_a_document_without_a_number_has_to_be_there() -> None:
    assert missing([made("new.rst", "linux-6.5")], [OLD, NEW]) == []
    assert missing([made("new.rst")], [OLD, NEW]) == [
        "a: new.rst is not in the documentation of 6.1"
    ]


def test_a_clause_of_none_of_the_releases_is_looked_for_in_all() -> None:
    posted = {"since": "series-v1", "until": "series-v1"}
    assert missing([made("vcpu.rst 1.9", **posted)], [OLD, NEW]) == []
    assert missing([made("vcpu.rst 1.10", **posted)], [OLD, NEW]) == [
        "a: vcpu.rst 1.10 is not in the documentation of 6.1, 6.12"
    ]
