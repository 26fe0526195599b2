"""The page in a real browser: with its script, without, with the keyboard, and in print."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_kvmpmu.report.pages import html
from pytest_kvmpmu.report.pages.matrix import matrix

from ..runs import reports
from .browser import Browser

pytestmark = pytest.mark.browser

SHOWN = "[...document.querySelectorAll('#matrix .row:not([hidden]) th')].map(th => th.textContent)"
FOCUSED = "document.activeElement.closest('tr')?.cells[0].textContent"
COLUMN = "document.activeElement.closest('td')?.cellIndex"
# What a reader sees: no element without a box has a height.
SEEN = "document.querySelector('{}').checkVisibility({{contentVisibilityAuto: true}})"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("profile"))
    yield opened
    opened.close()


@pytest.fixture
def page(pytester: pytest.Pytester, browser: Browser) -> str:
    """The address of a page, which the browser shows."""
    path = pytester.path / "matrix.html"
    path.write_text(html.page(matrix(reports(pytester))), encoding="utf-8")
    browser.open(path.as_uri())
    return path.as_uri()


def find(browser: Browser, clause: str, column: int) -> str:
    """An expression for a clause's cell."""
    return (
        "[...document.querySelectorAll('#matrix .row')].find("
        f"row => row.cells[0].textContent === '{clause}').cells[{column + 1}].firstElementChild"
    )


def test_the_page_asks_for_nothing_and_complains_of_nothing(page: str, browser: Browser) -> None:
    asked = {
        event["params"]["request"]["url"]
        for event in browser.events
        if event["method"] == "Network.requestWillBeSent"
    }
    assert asked == {page}
    assert browser.complaints() == []


def test_a_cell_opens_what_is_behind_it_and_marks_its_run(page: str, browser: Browser) -> None:
    assert not browser.evaluate(SEEN.format(".evidence"))
    cell = find(browser, "set-pmu.enxio", 1)
    browser.evaluate(f"{cell}.click()")
    target = browser.evaluate(f"{cell}.hash")
    assert browser.evaluate(SEEN.format(target))
    assert "= -1 ENXIO" in browser.evaluate(f"document.querySelector('{target}').innerText")
    marked = browser.evaluate(
        "[...document.querySelectorAll('.chosen')].map(e => e.dataset.columns)"
    )
    assert marked == ["1 2"]


def test_without_its_script_a_link_still_opens_what_is_behind(page: str, browser: Browser) -> None:
    target = browser.evaluate(f"{find(browser, 'set-pmu.enxio', 1)}.hash")
    browser("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open("about:blank")
        browser.open(page)
        assert not browser.evaluate(SEEN.format(".choice"))
        assert browser.evaluate("document.querySelectorAll('.legend button:disabled').length") == 8
        browser.evaluate("document.querySelector('#matrix details > summary').focus()")
        browser.press("Enter")
        assert browser.evaluate(SEEN.format(".evidence"))
        browser.evaluate(f"document.querySelector('a[href=\"{target}\"]').focus()")
        browser.press("Enter")
        assert browser.evaluate(SEEN.format(target))
    finally:
        browser("Emulation.setScriptExecutionDisabled", value=False)


def type_in(browser: Browser, text: str) -> None:
    browser.evaluate("document.getElementById('search').focus()")
    browser("Input.insertText", text=text)


def test_search_looks_at_clauses_statements_specs_and_outcomes(page: str, browser: Browser) -> None:
    every = browser.evaluate(f"{SHOWN}.length")
    assert every > 150
    type_in(browser, "no_PMU_of_that enxio")
    assert browser.evaluate(SHOWN) == ["set-pmu.enxio"]
    assert browser.evaluate("shown.textContent") == f"1 of {every} clauses"
    headings = "document.querySelectorAll('#matrix .heading:not([hidden])').length"
    assert browser.evaluate(headings) == 1


def test_a_verdict_chooses_the_clauses_that_have_it(page: str, browser: Browser) -> None:
    browser.evaluate("document.querySelector('[data-verdict=violated]').click()")
    assert browser.evaluate(SHOWN) == ["set-pmu.enxio"]
    browser.evaluate("document.querySelector('[data-verdict=waived]').click()")
    assert browser.evaluate(SHOWN) == ["filter.vm-wide", "set-pmu.enxio"]
    browser.evaluate("document.getElementById('unlike').click()")
    assert "set-pmu.vm-wide" not in browser.evaluate(SHOWN)


def test_a_link_to_what_is_not_chosen_shows_it(page: str, browser: Browser) -> None:
    target = browser.evaluate(f"{find(browser, 'set-pmu.enxio', 1)}.hash")
    type_in(browser, "nothing has this in it")
    assert browser.evaluate(SHOWN) == []
    browser.evaluate(f"location.hash = '{target}'")
    browser.evaluate("new Promise(done => requestAnimationFrame(done))")
    assert browser.evaluate("document.getElementById('search').value") == ""
    assert browser.evaluate(SEEN.format(target))


def test_the_arrow_keys_walk_the_cells_and_enter_opens_one(page: str, browser: Browser) -> None:
    assert (
        browser.evaluate("document.querySelectorAll('#matrix .row td [tabindex=\"0\"]').length")
        == 1
    )
    browser.evaluate("document.querySelector('#matrix .row td > [tabindex=\"0\"]').focus()")
    first = browser.evaluate(FOCUSED)
    browser.press("ArrowRight")
    assert (browser.evaluate(FOCUSED), browser.evaluate(COLUMN)) == (first, 2)
    browser.press("ArrowDown")
    assert browser.evaluate(FOCUSED) != first
    browser.press("ArrowUp")
    browser.press("ArrowLeft")
    browser.press("ArrowLeft")
    assert (browser.evaluate(FOCUSED), browser.evaluate(COLUMN)) == (first, 1)
    type_in(browser, "set-pmu.enxio no_pmu_of")
    browser.evaluate(f"{find(browser, 'set-pmu.enxio', 1)}.focus()")
    browser.press("Enter")
    assert browser.evaluate(SEEN.format(".chosen"))


def test_all_can_be_opened_and_closed(page: str, browser: Browser) -> None:
    count = "document.querySelectorAll('#matrix .behind > td > details[open]').length"
    type_in(browser, "set-pmu")
    browser.evaluate("document.getElementById('open').click()")
    assert browser.evaluate(count) == browser.evaluate(
        "document.querySelectorAll('#matrix .behind:not([hidden]) > td > details').length"
    )
    browser.evaluate("document.getElementById('close').click()")
    assert browser.evaluate(count) == 0


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signs_can_be_read_in_light_and_dark(scheme: str, page: str, browser: Browser) -> None:
    browser("Emulation.setEmulatedMedia",
            features=[{"name": "prefers-color-scheme", "value": scheme}])  # fmt: skip
    colours = browser.evaluate(
        """[...document.querySelectorAll('.legend .sign')].map(sign => {
            const clear = colour => colour === 'rgba(0, 0, 0, 0)';
            let at = sign;
            while (clear(getComputedStyle(at).backgroundColor)) at = at.parentElement;
            const ground = getComputedStyle(at).backgroundColor;
            return [sign.className, getComputedStyle(sign).color, ground];
        })"""
    )
    assert len(colours) == 8
    for name, ink, ground in colours:
        dark, light = sorted((luminance(ink), luminance(ground)))
        assert (light + 0.05) / (dark + 0.05) >= 4.5, name


@pytest.mark.parametrize("width", [360, 700, 1400])
def test_no_width_makes_the_page_itself_scroll_sideways(
    width: int, page: str, browser: Browser
) -> None:
    browser.open(page, width=width)
    browser.evaluate("document.getElementById('open').click()")
    assert browser.evaluate("document.documentElement.scrollWidth") <= width


def test_it_can_be_printed(page: str, browser: Browser, tmp_path: Path) -> None:
    pdf = browser.pdf()
    assert pdf.startswith(b"%PDF-")
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) < 40
