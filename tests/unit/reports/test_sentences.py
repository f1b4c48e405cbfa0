"""The plain sentences say exactly what the figures say."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from keepers.domain.money import MoneyBasis, annual_rate
from keepers.domain.time import months, weeks
from keepers.evaluation.verdict import Trust
from keepers.reports import decision_sentences, findings, sentences
from keepers.reports.content import AtRisk, Equity, Lever, LeverKind, RiskGroup, Verdict
from keepers.reports.decisions import OfferMade
from keepers.reports.evidence import Backtest, BacktestRow, Calibration, CalibrationGroup, Tracking
from keepers.reports.figures import Estimate, MoneyMeaning, Span
from keepers.reports.groups import AliveMap, Breakdown, BreakdownRow, Dimension
from unit.reports.content_example import example_content

NET = MoneyMeaning(MoneyBasis.NET_REVENUE, months(12), "all 50 customers", discount=annual_rate(0.10))


def test_the_money_note_names_the_five_things() -> None:
    assert sentences.money_note(NET) == (
        "Net revenue · next 12 months · all 50 customers · acquisition cost not deducted · discounted at 10% a year"
    )
    other = MoneyMeaning(MoneyBasis.CONTRIBUTION, Span.PAST, "customers at risk", True, margin=0.35)
    assert sentences.money_note(other) == (
        "Contribution margin, 35% of net revenue · so far · customers at risk · acquisition cost deducted · "
        "not discounted"
    )
    assert [name for name, _, _ in sentences.money_note_rows(NET)] == [
        "Money", "Time", "Customers", "Acquisition cost", "Discount",
    ]  # fmt: skip


def test_a_rate_with_decimals_keeps_them() -> None:
    assert sentences.discount(replace(NET, discount=annual_rate(0.075))) == "discounted at 7.5% a year"
    assert sentences.discount(replace(NET, discount=annual_rate(0))) == "not discounted"


def test_interval_needs_both_ends() -> None:
    assert sentences.interval(Estimate(100, 90, 120), "EUR") == "between €90.00 and €120 with 80% probability"
    assert sentences.interval(Estimate(100, None, 120), "EUR") is None
    assert sentences.interval(Estimate(100, float("nan"), 120), "EUR") is None


@pytest.mark.parametrize("trust", list(Trust))
def test_every_verdict_has_a_headline_and_words(trust: Trust) -> None:
    found = Verdict(trust, "BG/NBD", "same as last year", -0.02, total_error=0.1, origins=1, holdout=weeks(26))
    assert sentences.VERDICT_HEADLINES[trust]
    assert sentences.verdict(found)


def test_old_data_are_called_old() -> None:
    store = example_content().store
    assert sentences.freshness(store) is None
    late = replace(store, generated_at=store.generated_at + dt.timedelta(days=1_000))
    assert "2.7 years older than this page" in (sentences.freshness(late) or "")


def test_a_model_that_loses_says_so_plainly() -> None:
    found = Verdict(Trust.NAIVE, "BG/NBD", "same rate as before", -0.05, origins=3, holdout=weeks(26))
    text = " ".join(sentences.verdict(found))
    assert sentences.VERDICT_HEADLINES[Trust.NAIVE] == "No model beat a simple rule on your data"
    assert "predicted at least as well as every model that was tried" in text
    assert "smaller" not in text


def test_the_error_against_the_simple_rule_has_a_direction() -> None:
    better = Verdict(Trust.GOOD, "BG/NBD", None, 0.31, origins=1, holdout=months(6))
    assert "31% smaller than that of the simple rule" in " ".join(sentences.verdict(better))
    worse = replace(better, trust=Trust.CAUTION, improvement=-0.08, reservations=("Customers are few.",))
    assert "8% larger than that of the simple rule" in " ".join(sentences.verdict(worse))


def test_an_untested_model_claims_nothing() -> None:
    found = Verdict(Trust.UNTESTED, "BG/NBD", improvement=0.5, total_error=0.1, origins=3, holdout=months(6))
    text = " ".join(sentences.verdict(found))
    assert "nothing has checked them on your store" in text
    assert "%" not in text


def test_money_at_risk_is_the_difference() -> None:
    group = RiskGroup(3, 1_000.0, 400.0)
    assert sentences.money_at_risk(group) == 600
    assert sentences.money_at_risk(RiskGroup(3)) is None
    risk = AtRisk(group, group, None, "rule", None, (), NET)
    text = " ".join(sentences.at_risk(risk, "EUR"))
    assert "€1,000" in text
    assert "€400 remains" in text
    assert "€600, is the money at risk" in text


def test_nobody_at_risk() -> None:
    nobody = AtRisk(RiskGroup(0, 0.0, 0.0), RiskGroup(0), RiskGroup(0), "rule", "rule", (), NET)
    assert sentences.at_risk(nobody, "EUR") == ("No customer is at risk by either rule today.",)


def test_the_spread_counts_customers() -> None:
    equity = Equity(Estimate(100), NET, 2.0, 1.0, 0.54, concentration=((0, 0), (0.5, 0.93), (1, 1)))
    assert sentences.equity_spread(equity, 50) == (
        "The most valuable 10% of your customers (5 of 50) hold 54% of the predicted value."
    )
    assert sentences.lower_half(equity) == "The less valuable half of them holds 7%."
    assert sentences.equity_title(equity, 1) == "Your one customer is expected to bring in the next 12 months"


def test_levers_in_words() -> None:
    lever = Lever(LeverKind.RETENTION, 0.01, Estimate(5, 2, 9))
    assert sentences.lever_action(lever) == "Keep one more customer in a hundred each year"
    assert sentences.lever_detail(lever) == "1 percentage point of yearly retention"
    assert sentences.lever_action(Lever(LeverKind.ORDER_VALUE, 0.05, Estimate(5))) == "Raise the average order by 5%"


def test_tracking_compares_the_blind_part_alone() -> None:
    tracking = example_content().tracking
    assert tracking is not None
    blind = [p for p in tracking.points if p.day > tracking.calibration_end]
    actual = sum(p.actual or 0 for p in blind)
    assert f"{actual:,.0f} happened" in findings.tracking(tracking)
    assert f"shaded {len(blind)} weeks" in findings.tracking(tracking)
    nothing = Tracking(tracking.unit, tracking.points[:10], tracking.points[-1].day, "BG/NBD")
    assert "Solid is what happened" in findings.tracking(nothing)


def test_the_backtest_compares_by_the_error_that_ranks() -> None:
    rows = (
        BacktestRow("BG/NBD", False, True, 1.2, score=0.6),
        BacktestRow("rate", True, False, 1.0, score=0.8),
        BacktestRow("mean", True, False, 0.9),
    )
    found = Backtest(rows, (), weeks(26))
    assert findings.backtest(found).endswith("25% smaller than that of the best simple rule (“rate”).")
    unscored = replace(found, rows=tuple(replace(row, score=None) for row in rows))
    assert findings.backtest(unscored).endswith("was not smaller than that of the best simple rule (“mean”).")


def test_calibration_reads_the_top_group() -> None:
    found = Calibration((CalibrationGroup(5, 0.1, 0.2), CalibrationGroup(4, 3.0, 2.5)), weeks(39))
    text = findings.calibration(found)
    assert "For the 4 customers" in text
    assert "3.0 purchases each were predicted in 39 weeks, and 2.5 happened" in text


def test_a_model_that_cannot_lose_one_time_buyers_is_called_out() -> None:
    found = AliveMap(("1", "2"), ("under 30 days", "a year or more"), ((1.0, 1.0), (0.9, 0.3)), ((50, 40), (20, 20)))
    assert "it cannot see them leave" in findings.alive_map(found)[0]


def test_a_model_that_knows_no_leaving_shows_silence_instead() -> None:
    found = AliveMap(("1", "2"), ("under 30 days",), ((1.0,), (1.0,)), ((50,), (20,)))
    assert not findings.knows_leaving(found)
    assert "knows no leaving" in findings.alive_map(found)[0]
    everybody = replace(example_content().activity, still_customers=Estimate(3_200.0, 3_200.0, 3_200.0))
    assert "knows no leaving" in sentences.activity(everybody, 3_200)


def test_silence_means_more_from_a_frequent_buyer() -> None:
    found = AliveMap(
        ("1", "2", "10 or more"), ("60–89 days",), ((0.8,), (0.7,), (0.2,)), ((50,), (20,), (15,))
    )  # fmt: skip
    (line,) = findings.alive_map(found)
    assert "with 10 or more orders the chance of still being a customer is 20%, with 2 orders it is 70%" in line
    few = replace(found, customers=((50,), (20,), (3,)))
    assert findings.alive_map(few) == ()


def test_an_offer_of_which_nobody_knows_that_it_was_given_has_not_paid() -> None:
    day = dt.date(2026, 1, 10)
    made = OfferMade("tea", "spring", day, day, 200, 40, 50.0, Estimate(60.0, 20.0, 100.0), True, "")
    assert decision_sentences.earned(made) == "It paid."
    unknown = replace(made, known=False)
    assert decision_sentences.earned(unknown) == "Who was chosen brought more than who was held out."
    assert decision_sentences.earned(replace(unknown, earned=Estimate(5.0, -20.0, 30.0))) == "It may be chance."


def test_the_second_horizon_is_said_where_it_is_known() -> None:
    equity = example_content().equity
    assert equity is not None
    assert sentences.also_ahead(equity, "USD") is None
    near = replace(
        equity, also=Estimate(1_200.0, 900.0, 1_500.0), also_meaning=replace(equity.meaning, horizon=months(3))
    )  # fmt: skip
    assert sentences.also_ahead(near, "USD") == (
        "In the next 3 months they are expected to bring $1,200, between $900 and $1,500 with 80% probability."
    )


def test_the_best_of_a_breakdown_is_said_to_be_of_groups_with_enough_customers() -> None:
    rows = (
        BreakdownRow("tins", 13, 300_000.0),
        BreakdownRow("cakestand", 140, 335_000.0),
        BreakdownRow("bunting", 46, 74_000.0),
    )
    assert findings.breakdown(Breakdown(Dimension.PRODUCT, rows), "USD").endswith(
        "Where 30 or more are, a customer is worth most at “cakestand” ($2,393 on average) and least at “bunting” "
        "($1,609)."
    )
    assert "“tins”. Where" in findings.breakdown(
        Breakdown(Dimension.PRODUCT, (BreakdownRow("tins", 13, 9e5), *rows[1:])), "USD"
    )
    assert "”. A customer is worth most" in findings.breakdown(Breakdown(Dimension.PRODUCT, rows[1:]), "USD")
