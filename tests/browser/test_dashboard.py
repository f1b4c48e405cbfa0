"""The dashboard in a real browser: signed in, searched, changed by an event, read by a screen reader's rules."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from browser.serving import UNSAVED, Served, serving, window
from browser.test_report import OVERFLOWING

pytestmark = pytest.mark.browser

PAGES = ("/", "/customers", "/customers?horizon=infinite", "/leaving", "/data", "/letters", "/access")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server for all tests of this file."""
    yield from serving(tmp_path_factory.mktemp("result"), tmp_path_factory.mktemp("project"))


@pytest.fixture
def page(browser: Browser, served: Served) -> Iterator[Page]:
    """A window in which the owner has signed in; any complaint of a page is a failure."""
    yield from window(browser, served)


def test_find_a_customer_and_export_the_list(page: Page, served: Served) -> None:
    page.get_by_role("link", name="Customers", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Customers")
    page.keyboard.press("/")
    page.keyboard.type(served.first[:8])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("search="))
    expect(page.locator("tbody tr").first).to_be_visible()
    page.goto("/customers")
    page.get_by_label("Tier").select_option("Platinum")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("status")).to_contain_text("15 customers")
    with page.expect_download() as file:
        page.get_by_role("link", name="CSV").click()
    assert len(Path(file.value.path()).read_text(encoding="utf-8-sig").splitlines()) == 16
    page.locator("tbody th a").first.click()
    expect(page.get_by_role("heading", name="Why")).to_be_visible()


def test_look_a_quarter_ahead_and_take_the_choice_along(page: Page) -> None:
    hero, year = page.locator("#total"), float(page.locator("#total").get_attribute("data-value") or 0)
    page.locator("details.context summary").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Horizon").select_option("next 3 months")
    page.locator("details.context").get_by_role("button", name="Show").click()
    expect(page).to_have_url(re.compile("horizon=3m"))
    expect(page.get_by_text("All customers together will bring in the next 3 months")).to_be_visible()
    assert 0 < float(hero.get_attribute("data-value") or 0) < year
    page.get_by_role("link", name="Customers", exact=True).click()
    expect(page.get_by_role("columnheader", name="Predicted value, next 3 months")).to_be_visible()
    page.locator("tbody th a").first.click()
    expect(page.get_by_text("Will bring in the next 3 months")).to_be_visible()
    page.locator("dt", has_text="Worth in the next 5 years").locator("xpath=..").get_by_role("link").click()
    expect(page).to_have_url(re.compile("horizon=5y"))
    expect(page.get_by_text("Will bring in the next 5 years")).to_be_visible()
    expect(page.locator("dt", has_text="Worth in the next 12 months")).to_be_visible()


def test_who_is_leaving_and_what_came_of_it(page: Page) -> None:
    page.get_by_role("link", name="Who is leaving").click()
    page.get_by_text("Done or not").click()
    page.get_by_label("What came of it").fill("called; will order in May")
    page.get_by_role("button", name="It was done").click()
    expect(page.get_by_text("Nobody needs you now")).to_be_visible()
    page.get_by_role("link", name="done").click()
    expect(page.get_by_text("called; will order in May")).to_be_visible()


def test_an_order_moves_the_numbers_without_a_reload(page: Page, served: Served) -> None:
    total = page.locator("#total")
    expect(page.get_by_text("listening")).to_be_visible()
    before = total.inner_text()
    page.evaluate("window.stayed = true")
    key = base64.b64encode(f"{served.key}:".encode()).decode()
    event = {
        "event": "Order Completed", "userId": "somebody new", "messageId": "b1", "timestamp": "2023-07-01T10:00:00Z",
        "properties": {"order_id": "B1", "revenue": 900.0, "email": "new@x.example"},
    }  # fmt: skip
    sent = httpx2.post(f"{served.address}/v1/track", json=event, headers={"Authorization": f"Basic {key}"}, timeout=30)
    assert sent.status_code == 200
    expect(page.locator("#feed")).to_contain_text("new@x.example", timeout=20_000)
    expect(total).not_to_have_text(before)
    assert page.evaluate("window.stayed"), "the page was not loaded anew"


def test_upload_a_file_and_read_where_the_money_went(page: Page, tmp_path: Path) -> None:
    file = tmp_path / "orders of june.csv"
    file.write_text("customer,date,amount\na,2023-06-01,10\nb,2023-06-02,20.5\nb,2023-06-03,30\n", encoding="utf-8")
    page.get_by_role("link", name="Data and runs").click()
    page.get_by_label("File", exact=True).set_input_files(file)
    page.get_by_role("button", name="Read it").click()
    expect(page.get_by_text("compare the totals")).to_be_visible(timeout=60_000)
    expect(page.get_by_text("60.50").first).to_be_visible()
    page.get_by_role("button", name="Leave it out").click()
    expect(page.get_by_text("orders of june.csv")).to_have_count(0)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_everybody_can_read_every_page(browser: Browser, served: Served, scheme: Any, width: int) -> None:
    for page in window(browser, served, color_scheme=scheme, viewport={"width": width, "height": 900}):
        for path in (*PAGES, f"/customers/{served.first}"):
            page.goto(path)
            assert page.evaluate(OVERFLOWING) == [], path
            assert page.evaluate(UNSAVED) == [], path
            found = Axe().run(page)
            assert found.violations_count == 0, f"{path}: {found.generate_report()}"
