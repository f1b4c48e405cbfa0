"""The dashboard's pages of topics in a real browser: drawn, read on every width, saved as files, chosen from."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browser.serving import UNSAVED, Served, serving, window
from browser.test_report import OVERFLOWING
from unit.reports.content_example import example_content

pytestmark = pytest.mark.browser

PAGES = ("/base", "/cohorts", "/channels", "/value", "/trust")
READY = "document.documentElement.classList.contains('is-ready')"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all tests of this file, whose newest run has a report."""
    yield from serving(tmp_path_factory.mktemp("result"), tmp_path_factory.mktemp("project"), example_content())


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A window in which the owner has signed in."""
    yield from window(browser, served)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("light", 768), ("dark", 390)])
def test_everybody_can_read_every_topic_with_its_charts(
    browser: Browser, served: Served, scheme: Any, width: int
) -> None:
    for page in window(browser, served, color_scheme=scheme, viewport={"width": width, "height": 900}):
        for path in PAGES:
            page.goto(path)
            page.wait_for_function(READY)
            assert page.evaluate(OVERFLOWING) == [], path
            assert page.evaluate(UNSAVED) == [], path
            assert page.locator(".chart.is-drawn svg").count() == page.locator(".chart").count(), path
            page.locator(".context summary").click()
            # The parts of the report are held to axe's rules in the report; here it is what stands around them.
            if (path == "/base" and width != 768) or (path == "/channels" and width == 1280):
                found = Axe().run(page)
                assert found.violations_count == 0, f"{path}: {found.generate_report()}"


def test_the_menu_of_a_phone_opens_and_leads_on(browser: Browser, served: Served) -> None:
    for page in window(browser, served, viewport={"width": 390, "height": 800}):
        expect(page.get_by_role("link", name="Cohorts")).to_be_hidden()
        page.get_by_role("button", name="Menu").click()
        assert page.evaluate(OVERFLOWING) == []
        assert Axe().run(page).violations_count == 0
        page.get_by_role("link", name="Cohorts").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Customers by when they came in")


def test_tables_and_charts_are_files_that_say_what_they_hold(page: Page) -> None:
    page.goto("/base")
    page.wait_for_function(READY)
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV: Tiers").press("Enter")
    assert re.fullmatch(r"tea-pots-tiers-2023-\d\d-\d\d\.csv", saved.value.suggested_filename)
    with Path(saved.value.path()).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    tiers = example_content().tiers
    assert tiers is not None
    assert [row["Group"] for row in rows] == [one.name for one in tiers.rows]
    assert [int(row["Customers"]) for row in rows] == [one.customers for one in tiers.rows]
    worth = [float(row["Predicted value (€)"]) for row in rows]
    assert worth == pytest.approx([one.value for one in tiers.rows], rel=0.01)
    assert [float(row["Still customers"]) for row in rows] == pytest.approx(
        [one.probability_alive for one in tiers.rows], abs=0.006
    )
    page.goto("/value")
    page.wait_for_function(READY)
    with page.expect_download() as drawn:
        page.get_by_role("button", name=re.compile("^PNG: ")).first.click()
    assert re.fullmatch(r"tea-pots-[\w-]+-2023-\d\d-\d\d\.png", drawn.value.suggested_filename)
    picture = Path(drawn.value.path()).read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) > 10_000


def test_somebody_is_found_from_every_page(browser: Browser, served: Served) -> None:
    for page in window(browser, served, viewport={"width": 390, "height": 800}):
        page.goto("/trust?horizon=3m")
        page.keyboard.press("/")
        expect(page.get_by_role("searchbox", name="Find a customer")).to_be_focused()
        page.keyboard.type(served.first[:8])
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile(r"/customers\?horizon=3m&search="))
        expect(page.locator("tbody tr").first).to_be_visible()


def test_a_region_of_a_map_is_a_list(page: Page) -> None:
    page.goto("/base")
    cells = page.locator("#map-habits td a")
    most = page.locator("#map-habits tbody tr").last.locator("td a").last
    cells.first.click()
    expect(page.locator("#maps [role=status]").first).to_contain_text("customer")
    most.click()
    chosen = page.locator("#map-habits td.chosen a")
    column = most.evaluate("link => link.parentElement.cellIndex + 1")
    expect(chosen).to_have_count(page.locator(f"#map-habits td:nth-child(-n+{column}) a").count())
    cells.first.click()
    expect(chosen).to_have_count(0)
    cells.first.focus()
    page.keyboard.press("Shift+ArrowDown")
    expect(chosen).to_have_count(2)
    customers = sum(int(one.get_attribute("data-customers") or 0) for one in chosen.all())
    page.get_by_role("link", name="Show the list").click()
    expect(page.get_by_role("status").first).to_contain_text(f"{customers} customer")
    expect(page.get_by_label("What narrows the list")).to_contain_text("order")
    page.get_by_role("link", name=re.compile("^Leave out")).first.click()
    expect(page).to_have_url(re.compile("/customers"))
