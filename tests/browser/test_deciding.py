"""Pages on which people decide, in a real browser: read on every width, asked while one types, answered, kept."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browser.serving import UNSAVED, Served, serving, window
from browser.test_report import OVERFLOWING
from won import add_won

pytestmark = pytest.mark.browser

READY = "document.documentElement.classList.contains('is-ready')"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all tests of this file, of a shop that advertises, has leads and made an experiment."""
    yield from serving(tmp_path_factory.mktemp("result"), tmp_path_factory.mktemp("project"), add=add_won)


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A window in which the owner has signed in."""
    yield from window(browser, served)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("light", 768), ("dark", 390)])
def test_everybody_can_read_pages_on_which_they_decide(
    browser: Browser, served: Served, scheme: Any, width: int
) -> None:
    for page in window(browser, served, color_scheme=scheme, viewport={"width": width, "height": 900}):
        for path in ("/", "/decisions", "/budget?least.fresh=50", "/leads?this_week=1", f"/customers/{served.first}"):
            page.goto(path)
            if path.startswith("/budget"):
                page.wait_for_function(READY)
                assert page.locator("#answer .chart.is-drawn svg").count() == 2
            page.evaluate("document.querySelectorAll('main details').forEach(part => { part.open = true; })")
            assert page.evaluate(OVERFLOWING) == [], path
            assert page.evaluate(UNSAVED) == [], path
            # The rules of a screen reader are the same on every width; dark colours are looked at once.
            if width == 1280 or (width == 390 and path == "/decisions"):
                found = Axe().run(page)
                assert found.violations_count == 0, f"{path}: {found.generate_report()}"


def test_the_budget_is_answered_while_one_types_and_taken(page: Page) -> None:
    page.goto("/budget")
    page.wait_for_function(READY)
    verdict = page.locator("#answer .tile b").first
    expect(verdict).to_contain_text("$560 a week in all instead of $840")
    total = page.get_by_label("Most money a week")
    total.fill("500")
    expect(verdict).to_contain_text("$418 a week")
    expect(page).to_have_url(re.compile("total=500"))
    expect(page.locator("#answer .chart.is-drawn svg")).to_have_count(2)
    expect(page.locator("#answer .save-row")).to_have_count(3)
    total.fill("a lot")
    expect(page.get_by_role("alert")).to_contain_text("a lot")
    expect(total).to_be_focused()
    total.fill("400")
    expect(page).to_have_url(re.compile("total=400"))
    expect(verdict).to_contain_text("a week in all instead of $840")
    page.get_by_text("Keep this under a name").click()
    page.get_by_label("Name").fill("lean")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_label("Most money a week")).to_have_value("400")
    expect(page.get_by_role("link", name="lean")).to_have_attribute("aria-current", "true")
    page.get_by_label("Why").fill("cash is short")
    page.get_by_role("button", name="Take this plan").click()
    expect(page.locator("#answers")).to_contain_text("cash is short")
    expect(page.locator("#ledger tbody tr")).to_have_count(2)


def test_a_decision_is_answered_with_the_keyboard_alone(page: Page) -> None:
    page.goto("/decisions")
    before = page.locator("#open .task").count()
    page.locator("#open .task", has_text="Call 2 leads first").locator("summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("both are out of office")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#open .task")).to_have_count(before - 1)
    expect(page.locator("#answers")).to_contain_text("dismissed", ignore_case=True)
    with page.expect_download() as saved:
        page.goto("/leads")
        page.get_by_role("link", name="CSV", exact=True).click()
    assert saved.value.suggested_filename == "leads.csv"
