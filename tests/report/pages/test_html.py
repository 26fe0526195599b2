"""The page and the Markdown: complete, well formed, and no text in them becomes markup."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from pytest_kvmpmu.report.pages import html, markdown
from pytest_kvmpmu.report.pages.cell import Cell
from pytest_kvmpmu.report.pages.matrix import matrix
from pytest_kvmpmu.report.results.conclusion import Verdict
from pytest_kvmpmu.report.results.result import Status

from ..runs import report, reports, result

VOID = {"meta", "input", "col", "link", "br"}


class Page(HTMLParser):
    """A page's elements; fails if they are not closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.text.append(data)

    def values(self, name: str) -> list[str]:
        return [str(attrs[name]) for _, attrs in self.elements if name in attrs]


@pytest.fixture
def page(pytester: pytest.Pytester) -> Page:
    return Page(html.page(matrix(reports(pytester))))


def test_ids_are_there_once_and_every_link_leads_to_one(page: Page) -> None:
    ids = page.values("id")
    assert len(set(ids)) == len(ids)
    links = page.values("href")
    assert len(links) > 20
    assert {link.removeprefix("#") for link in links} <= set(ids)


def test_the_page_loads_nothing(page: Page) -> None:
    assert not page.values("src")
    assert not [tag for tag, _ in page.elements if tag in ("link", "img", "iframe", "object")]
    policy = next(a["content"] for t, a in page.elements if t == "meta" and "http-equiv" in a)
    assert str(policy).startswith(
        "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"
    )


def test_every_cell_has_a_sign_a_class_and_a_word(page: Page) -> None:
    labels = [label for label in page.values("aria-label") if label != "Choice of clauses"]
    assert set(labels) <= {one.words for one in Cell} | {one.value for one in Verdict}
    assert {"violated", "error", "waived", "not verified", "not applicable", "not run"} <= set(
        labels
    )
    signs = [verdict.sign for verdict in Cell]
    assert len(set(signs)) == len(signs)
    style = html._asset("matrix.css")
    assert all(f".{verdict.css}" in style for verdict in Cell)


def test_what_specs_say_is_text(page: Page) -> None:
    assert [tag for tag, _ in page.elements].count("script") == 1
    text = "".join(page.text)
    assert "<script>alert('x')</script> | `code`" in text
    assert "test_every_pmu_is_taken[last <b>|#]" in text


def test_calls_are_behind_the_cells(page: Page) -> None:
    text = "".join(page.text)
    assert "attr=KVM_ARM_VCPU_PMU_V3_SET_PMU addr=int:99 = -1 ENXIO" in text
    assert "the host has no GICv5" in text


def test_the_calls_of_a_spec_are_there_once_though_it_cites_two_clauses() -> None:
    calls = ({"call": {"call": "KVM_ONE", "on": "kvm", "cpu": 0}, "outcome": {"ret": 0}},)
    one = result("f::a", Status.PASS, "set-pmu.set", "set-pmu.vm-wide", calls=calls)
    assert html.page(matrix([report(one)])).count("cpu0 kvm KVM_ONE") == 1


def test_a_failures_text_is_on_the_page_of_its_run_alone() -> None:
    one = result("f::a", Status.FAIL, "irq.set", sections=(("failure in call", "E   trace"),))
    assert "E   trace" in html.page(matrix([report(one)]))
    assert "E   trace" not in html.page(matrix([report(one), report(one, kernel="5.10")]))


def test_a_partial_run_is_marked() -> None:
    text = html.page(matrix([report(partial="the run ended early, after 1 of 2 tests")]))
    assert text.count("the run ended early, after 1 of 2 tests") == 2
    text = markdown.page(matrix([report(partial="the run ended early, after 1 of 2 tests")]))
    assert "**partial**: 6.12 on rockpro64: the run ended early" in text


def test_the_same_runs_make_the_same_page(pytester: pytest.Pytester) -> None:
    found = reports(pytester)
    assert html.page(matrix(found)) == html.page(matrix(list(reversed(found))))


def test_assets_are_small_enough_to_ship_with_every_page() -> None:
    folder = Path(html.__file__).with_name("page")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 40_000
