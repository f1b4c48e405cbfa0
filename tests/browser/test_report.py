"""The report in a real browser: drawn, narrow, dark, printed, hostile, and without scripts."""

from __future__ import annotations

import dataclasses
from itertools import pairwise
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from browser.conftest import OpenPage
from keepers.reports.groups import Breakdown, BreakdownRow, Dimension
from keepers.reports.page import write_report
from unit.reports.acquisition_example import CHANNELS
from unit.reports.content_example import example_content

pytestmark = pytest.mark.browser

OVERFLOWING = """() => {
  const width = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")]
    .filter((e) => !e.closest(".scroll, .menu, svg, .skip, .sr") && e.getBoundingClientRect().right > width + 1)
    .map((e) => e.tagName + "." + e.className);
}"""
BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example report as a file."""
    return write_report(example_content(), tmp_path_factory.mktemp("report") / "report.html")


@pytest.mark.parametrize("width", [360, 768, 1280, 1920])
def test_nothing_hangs_over_the_edge(open_page: OpenPage, report: Path, width: int) -> None:
    page = open_page(report, viewport={"width": width, "height": 900})
    assert page.evaluate(OVERFLOWING) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_chart_is_drawn_inside_its_place(open_page: OpenPage, report: Path) -> None:
    page = open_page(report, viewport={"width": 1280, "height": 900})
    charts = page.locator(".chart")
    assert charts.count() == 13
    for chart in charts.all():
        assert chart.locator("svg path").count() > 3
        if chart.is_visible():
            place = chart.bounding_box()
            drawing = chart.locator("svg").bounding_box()
            assert place
            assert drawing
            assert abs(place["width"] - drawing["width"]) < 2
            cut = chart.evaluate(
                "e => [...e.querySelectorAll('svg text')].filter(t => t.getBoundingClientRect().left < "
                "e.getBoundingClientRect().left - 1).map(t => t.textContent)"
            )
            assert cut == []


def test_a_tooltip_reads_the_row_of_the_table(open_page: OpenPage, report: Path) -> None:
    page = open_page(report, viewport={"width": 1280, "height": 900})
    chart = page.locator("#chart-calibration")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] - 40, box["y"] + box["height"] / 2)
    tip = chart.locator(".chart-tip")
    tip.wait_for(state="visible")
    row = page.locator("#table-calibration tbody tr").last.locator("td").all_text_contents()
    assert "Group 10 (most)" in tip.inner_text()
    for cell in row:
        assert cell in tip.inner_text()


def test_dark_follows_the_system_and_the_button(open_page: OpenPage, report: Path) -> None:
    light = open_page(report, color_scheme="light")
    dark = open_page(report, color_scheme="dark")
    bright, dim = light.evaluate(BACKGROUND), dark.evaluate(BACKGROUND)
    assert bright != dim
    button = light.get_by_role("button", name="Show in dark colours")
    button.click()
    assert light.evaluate(BACKGROUND) == dim
    light.reload()
    light.wait_for_function("document.documentElement.classList.contains('is-ready')")
    assert light.evaluate(BACKGROUND) == dim, "the choice is kept"
    light.get_by_role("button", name="Show in light colours").click()
    assert light.evaluate(BACKGROUND) == bright


def test_tabs_work_by_mouse_and_keyboard(open_page: OpenPage, report: Path) -> None:
    page = open_page(report, viewport={"width": 1280, "height": 900})
    assert page.locator("#origin-product").is_visible()
    assert not page.locator("#origin-country").is_visible()
    page.get_by_role("tab", name="Country").click()
    assert page.locator("#origin-country").is_visible()
    page.keyboard.press("ArrowRight")
    assert page.locator("#origin-channel").is_visible()
    assert page.get_by_role("tab", name="Channel").get_attribute("aria-selected") == "true"
    page.get_by_role("tab", name="Share that ordered").click()
    hidden_until_now = page.locator("#chart-cohorts-active-share svg").bounding_box()
    assert hidden_until_now
    assert hidden_until_now["width"] > 800


def test_paper_shows_all_and_is_light(open_page: OpenPage, report: Path, tmp_path: Path) -> None:
    page = open_page(report, viewport={"width": 1280, "height": 900}, color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate(BACKGROUND) == "rgb(255, 255, 255)"
    assert page.locator("#origin-channel").is_visible()
    assert not page.locator(".top").is_visible()
    assert page.locator(".meaning summary").first.is_visible()
    page.emulate_media(media="screen")
    file = tmp_path / "report.pdf"
    page.pdf(path=file, prefer_css_page_size=True, print_background=True)
    pages = file.read_bytes().count(b"/Type /Page\n") or file.read_bytes().count(b"/Type /Page ")
    assert file.stat().st_size > 50_000
    assert pages <= 18


def test_no_table_is_cut_off_by_the_edge_of_the_paper(open_page: OpenPage, tmp_path: Path) -> None:
    big = dataclasses.replace(
        CHANNELS.rows[2],
        label="influencers / unboxing",
        cost=1_115_692.0,
        leads=400,
        cost_per_lead=52.9,
        lead_at_most=9.5,
    )
    content = dataclasses.replace(
        example_content(), channels=dataclasses.replace(CHANNELS, rows=(big, *CHANNELS.rows), total=big)
    )
    page = open_page(write_report(content, tmp_path / "report.html"), viewport={"width": 696, "height": 900})
    page.emulate_media(media="print")
    assert page.locator("table:has(thead th:nth-child(10))").count() > 0
    cut = "() => [...document.querySelectorAll('table')].filter((e) => e.getBoundingClientRect().right > 697).length"
    assert page.evaluate(cut) == 0


def test_charts_are_redrawn_for_paper_before_it_is_printed(open_page: OpenPage, report: Path) -> None:
    page = open_page(report, viewport={"width": 1280, "height": 900})
    drawn = (
        "() => { const p = [...document.querySelectorAll('#chart-tracking-cumulative svg path')];"
        "return Math.max(...p.map(e => e.getBBox().x + e.getBBox().width)); }"
    )
    wide = page.evaluate(drawn)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(drawn) <= 680
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(drawn) == pytest.approx(wide, abs=2)


def test_hostile_names_run_nothing(open_page: OpenPage, tmp_path: Path) -> None:
    nasty = "<img src=x onerror=window.broken=1></script><script>window.broken=1</script>"
    example = example_content()
    assert example.at_risk
    assert example.tracking
    content = dataclasses.replace(
        example,
        store=dataclasses.replace(example.store, name=nasty),
        at_risk=dataclasses.replace(
            example.at_risk, customers=tuple(dataclasses.replace(c, name=nasty) for c in example.at_risk.customers)
        ),
        breakdowns=(Breakdown(Dimension.PRODUCT, (BreakdownRow(nasty, 60, 9.0), BreakdownRow("x", 60, 1.0))),),
        tracking=dataclasses.replace(example.tracking, model=nasty),
    )
    page = open_page(write_report(content, tmp_path / "report.html"), viewport={"width": 1280, "height": 900})
    chart = page.locator("#chart-tracking-cumulative")
    chart.scroll_into_view_if_needed()
    chart.hover()
    assert page.evaluate("window.broken") is None
    assert page.locator("img").count() == 0
    assert nasty in page.title()


def test_without_scripts_the_tables_say_it_all(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert not page.locator("#chart-calibration").is_visible()
    page.locator("#trust .rows:has(#table-calibration) summary").click()
    assert page.locator("#table-calibration").is_visible()
    assert page.locator("#origin-country").is_visible()
    assert not page.locator("#theme").is_visible()
    context.close()


def test_the_page_makes_sense_to_a_screen_reader(open_page: OpenPage, report: Path) -> None:
    page = open_page(report)
    assert page.locator("h1").count() == 1
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])")
    assert all(after - before <= 1 for before, after in pairwise(levels))
    unnamed = page.evaluate(
        "[...document.querySelectorAll('button, a, [role=img], [role=region], nav')].filter(e => "
        "!(e.getAttribute('aria-label') || e.textContent.trim())).length"
    )
    assert unnamed == 0
    assert page.evaluate("[...document.querySelectorAll('table')].every(t => t.caption && t.tHead)")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
