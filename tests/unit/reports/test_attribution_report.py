"""The part about contacts: what the sentences say, what the chart holds, and that the page carries both."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from keepers.reports.attribution import RULES, Attribution, AttributionRow
from keepers.reports.attribution_sentences import how, lead, limits, open_question, surprise, verdict
from keepers.reports.charts.attribution import attribution_chart
from keepers.reports.figures import Estimate
from keepers.reports.page import render_report
from unit.reports.content_example import example_content


def row(
    channel: str, caused: float, low: float, high: float, last: float, experimental: bool = False
) -> AttributionRow:
    return AttributionRow(
        channel, Estimate(caused, low, high), Estimate(caused / 100, low / 100, high / 100), caused / 10_000,
        caused * 0.9, (last, *(caused for _ in RULES[1:])), experimental,
    )  # fmt: skip


@pytest.fixture
def found() -> Attribution:
    return Attribution(
        rows=(
            row("organic search", 4000, 3800, 4300, 4100),
            row("paid search", 2500, 2300, 5200, 4600),
            row("paid social", 2000, 1800, 2200, 900),
            row("mail", 1000, 950, 1050, 300, experimental=True),
        ),
        rest=row("no contact", 500, 400, 700, 100),
        has_money=True, total=10_000.0, customers=100, unled=4, lost_ways=300, unresolved=3, later=1, unseen=7,
        since=dt.date(2025, 2, 1), until=dt.date(2025, 5, 31), look_back=30, half_life=3.5, order=2,
    )  # fmt: skip


def test_each_channel_gets_its_word(found: Attribution) -> None:
    assert [verdict(one) for one in found.rows] == [
        "methods agree",
        "probably less than the last contact says",
        "the last contact gives it too little",
        "set right by an experiment",
    ]
    assert verdict(row("x", 1000, 900, 1100, 1300)) == "the last contact gives it too much"
    assert verdict(row("x", 1000, 500, 1500, 1050)) == "methods agree, but much is open"


def test_the_head_says_what_is_off_and_what_is_open(found: Attribution) -> None:
    said = lead(found, "EUR").replace("\xa0", " ")
    assert "100 customers whose ways began between 1 Feb 2025 and 31 May 2025, and 300 ways" in said
    assert "€10,000" in said
    assert surprise(found, "EUR").startswith("The last contact credits paid social with €900, less than its contacts")
    assert "Most depends on paid search: its contacts caused between €2,300 and €5,200." in open_question(found, "EUR")
    sure = replace(found, rows=found.rows[:1])
    assert open_question(sure, "EUR") == ""
    assert surprise(sure, "EUR") == ""
    assert "3.5 days" in how(found)
    assert "the last 2 contacts" in how(found)
    assert [line.split()[0] for line in limits(found)] == ["1", "7", "3"]


def test_the_chart_spans_the_interval_and_its_table_has_every_method(found: Attribution) -> None:
    chart = attribution_chart(found, "EUR")
    below, band, caused, last, markov = chart.option["series"]
    assert below["data"] == [3800, 2300, 1800, 950, 400]
    assert band["data"] == [500, 2900, 400, 100, 300]
    assert caused["data"] == [4000, 2500, 2000, 1000, 500]
    assert last["data"] == [4100, 4600, 900, 300, 100]
    assert len(markov["data"]) == len(chart.table.rows) == 5
    assert {len(cells) for cells in chart.table.rows} == {len(chart.table.headers)} == {4 + len(RULES)}


def test_the_page_carries_the_part_in_money_and_in_customers(found: Attribution) -> None:
    page = render_report(replace(example_content(), attribution=found))
    assert "Which contacts brought customers?" in page
    assert "every column adds up to €10,000" in page
    assert 'id="chart-attribution"' in page
    counted = replace(
        found, has_money=False, total=100.0, rows=tuple(replace(one, caused=one.customers) for one in found.rows)
    )
    assert "every column adds up to 100" in render_report(replace(example_content(), attribution=counted))
    assert "Which contacts brought customers?" not in render_report(example_content())
