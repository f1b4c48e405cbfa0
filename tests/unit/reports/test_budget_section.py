"""The report's part about the budget: what it says where it pays to change, where not, and the curves it draws."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from advertised import curves
from keepers.acquisition.budget import plan_budget
from keepers.acquisition.budget_questions import next_money
from keepers.domain.time import months, weeks
from keepers.evaluation.verdict import Trust
from keepers.pipeline.budgeting import Budgeted
from keepers.pipeline.content_budget import budget_content
from keepers.pipeline.options import RunOptions
from keepers.reports.budget import Budget, PlanKept, SpendTest
from keepers.reports.budget_sentences import (
    budget_gain,
    budget_limits,
    budget_verdict,
    channel_basis,
    experiment_sentence,
    next_sentence,
)
from keepers.reports.charts.response import response_chart
from keepers.reports.content import ReportContent, Store, Verdict
from keepers.reports.page import render_report


@pytest.fixture(scope="module")
def found() -> Budget:
    plan = plan_budget(curves())
    made = budget_content(Budgeted(curves(), plan, next_money(curves(), 400.0)), RunOptions())
    assert made is not None
    day = dt.date(2026, 8, 1)
    return replace(
        made,
        tests=(SpendTest("influencers", 176.0, 0.0, weeks(4), 340.0, 0.0, (2.8, 0.2)),),
        kept=(PlanKept("paid search", day, day, 1000.0, 980.0, 300.0, 280.0, 22),),
    )


def test_it_says_what_to_do_and_what_that_brings(found: Budget) -> None:
    said = budget_verdict(found, "USD")
    assert said.startswith("Spend less on paid social and more on paid search and influencers")
    gain = budget_gain(found, "USD")
    assert "From 1" in gain
    assert "for 4 weeks" in gain
    assert "probability of over 99%" in gain
    assert "more than 50% in one period" in budget_limits(found, "USD")
    assert "must come back" not in budget_limits(found, "USD")
    assert "within 9 months" in budget_limits(replace(found, payback=months(9)), "USD")


def test_it_says_when_to_leave_things_as_they_are(found: Budget) -> None:
    same = replace(found, recommended=False, probability=0.62)
    assert budget_verdict(same, "USD").startswith("Spend as you do now.")
    assert "62%" in budget_verdict(same, "USD")
    assert budget_gain(same, "USD") == ""
    settled = replace(same, channels=tuple(replace(one, planned=one.today) for one in same.channels))
    assert budget_verdict(settled, "USD").endswith("no other division is expected to bring more.")


def test_next_money_and_experiments_are_told(found: Budget) -> None:
    assert found.next is not None
    assert "if nothing limited it" in next_sentence(found.next, True, "USD")
    dear = replace(found.next, amount=1e6)
    assert next_sentence(dear, False, "USD").endswith("less than it costs: keep it.")
    said = experiment_sentence(found.tests[0], "USD")
    assert said.startswith("Pause influencers in 4 weeks drawn by lot")
    assert said.endswith("it is expected to cost nothing.")
    assert "prior belief" in channel_basis(found.channels[0])
    assert "another program" in channel_basis(replace(found.channels[0], weeks=0))


def test_curves_are_drawn_with_what_was_seen(found: Budget) -> None:
    one = found.channels[0]
    chart = response_chart(one, 1, "USD", True)
    spends = [spend for spend, _ in chart.option["series"][0]["data"]]
    assert spends == sorted(spends)
    assert len({row[0] for row in chart.table.rows}) == len(chart.table.rows) == len(spends)
    area = chart.option["series"][0]["markArea"]["data"][0]
    assert (area[0]["xAxis"], area[1]["xAxis"]) == one.seen
    assert chart.option["series"][0]["markLine"]["data"][0]["xAxis"] == one.today
    assert len(chart.option["series"][0]["markLine"]["data"]) == 2
    assert len(response_chart(one, 1, "USD", False).option["series"][0]["markLine"]["data"]) == 1
    assert "new customers a week" in chart.label


def test_the_page_holds_the_section(found: Budget) -> None:
    moment = dt.datetime(2026, 10, 1, tzinfo=dt.UTC)
    store = Store("Shop", dt.date(2025, 1, 1), dt.date(2026, 9, 30), 1500, 4000, moment, "1", "USD")
    page = render_report(ReportContent(store, Verdict(Trust.UNTESTED, "Pareto/NBD"), budget=found))
    assert 'id="budget"' in page
    assert 'id="chart-response-3"' in page
    assert "Earlier plans" in page
    assert "acquisition cost deducted" in page
    assert 'id="budget"' not in render_report(ReportContent(store, Verdict(Trust.UNTESTED, "Pareto/NBD")))
