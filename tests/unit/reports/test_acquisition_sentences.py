"""The sentences and charts about channels say what the figures beside them say, and claim nothing more."""

from __future__ import annotations

import math
from dataclasses import replace

from keepers.reports import acquisition_sentences as won
from keepers.reports.charts.channels import channel_charts
from keepers.reports.figures import Estimate
from unit.reports.acquisition_example import CHANNELS, row


def test_the_lead_says_what_was_spent_and_what_comes_back() -> None:
    assert won.lead(CHANNELS, "EUR").replace("\N{NO-BREAK SPACE}", " ") == (
        "From 1 Jan 2024 to 30 Jun 2026 you spent €9,200 and won 200 customers: €46.00 each. Over 5 years they leave "
        "€80.00 each, 1.7 times that."
    )
    unpriced = replace(CHANNELS, total=replace(CHANNELS.total, cost=None, cac=None))
    assert "What channels cost is not known" in won.lead(unpriced, "EUR")


def test_each_channel_with_a_cost_is_judged_once() -> None:
    assert won.verdicts(CHANNELS, "EUR") == (
        "Customers of paid search bring back what they cost within 12 months: that is certain enough.",
        "You lose money with paid social: a customer costs €80.00 and brings €40.00 over 5 years.",
        "Customers of influencers take about 28 months to bring back what they cost (chance of 2% within 12 months).",
    )


def test_an_uncertain_channel_is_not_called_good() -> None:
    doubtful = row("new one", 50.0, 150.0, Estimate(7.0, 3.0, math.inf), 0.6)
    said = won.verdicts(replace(CHANNELS, rows=(doubtful,)), "EUR")
    assert said == (
        "Customers of new one take about 7 months to bring back what they cost (chance of 60% within 12 months).",
    )


def test_payback_in_a_cell() -> None:
    cells = [won.payback(one).replace("\N{NO-BREAK SPACE}", " ") for one in CHANNELS.rows]
    assert cells == ["not in sight", "28 months (17–52)", "6.5 months (5.2–8.1)", "–"]
    at_once = row("friends", 8.0, 200.0, Estimate(0.0, 0.0, 0.0), 1.0)
    assert won.payback(at_once) == "first order"
    open_end = row("new", 50.0, 60.0, Estimate(30.0, 14.0, math.inf), 0.1)
    assert won.payback(open_end).endswith("(14–…)")


def test_the_next_customer_pays_only_where_both_intervals_say_so() -> None:
    loses, pays, silent = CHANNELS.next_customers
    assert won.next_customer(loses, "EUR") == "loses about €159: spend less"
    assert won.next_customer(pays, "EUR") == "pays: spend more, a step at a time"
    assert "4 more weeks" in won.next_customer(silent, "EUR")
    assert "about even" in won.next_customer(replace(pays, value=Estimate(75.0, 50.0, 100.0)), "EUR")


def test_claims_quality_and_what_leans_on_others() -> None:
    assert "For paid social they claim 2.1 conversions for each new customer" in won.claims(CHANNELS)
    assert "570 orders came through them, of 2,100 in all" in won.claims(CHANNELS)
    assert won.quality(CHANNELS) == "Customers of paid social are worse than they were: −20% a year (−32% to −8%)."
    assert "There are few customers of craft fairs" in won.leaning(CHANNELS)
    assert "revenue" in won.at_most(replace(CHANNELS, is_margin=False))


def test_charts_hold_the_numbers_of_their_tables() -> None:
    costs, payback, quality = channel_charts(CHANNELS, "EUR")
    points = costs.option["series"][0]["data"]
    assert [point["value"] for point in points] == [[80.0, 40.0], [60.0, 75.0], [45.0, 140.0]]
    assert len(costs.table.rows) == len(points)
    for one in costs.option["series"][1:]:
        (_, _), (x, y) = one["data"]
        assert y / x == {"Break-even": 1.0, "Target": 3.0}[one["name"]]
        assert y <= costs.option["yAxis"]["max"]
    first = payback.option["series"][0]
    assert first["data"][12] == CHANNELS.rows[0].course[12] / 80.0
    assert first["markLine"]["data"][0] == {"yAxis": 1}
    assert payback.table.rows[12][1] == "33%"
    assert quality.option["series"][0]["data"][1] < 1 < quality.option["series"][0]["data"][0]
    assert channel_charts(replace(CHANNELS, rows=CHANNELS.rows[3:], quality=()), "EUR") == []
