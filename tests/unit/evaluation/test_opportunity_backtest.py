"""Backtests that count opportunities: one count for all models, whole periods, and words where it cannot be."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

import keepers as kp
from keepers.data.orders import Orders
from keepers.domain.errors import ConfigError, InputError
from keepers.domain.time import TimeUnit
from keepers.evaluation.opportunity_plan import plan_opportunities
from keepers.evaluation.results import Backtest
from shop import shop_orders

MONTHS = 30


@pytest.fixture(scope="module")
def shop() -> Orders:
    """Customers who buy or not each calendar month by BG/BB, some of them several times in one."""
    rng = np.random.default_rng(4)
    came = rng.integers(0, MONTHS, 900)
    chance, leave = rng.beta(1.4, 2.2, came.size), rng.beta(0.9, 5.0, came.size)
    stays = np.minimum(rng.geometric(leave) - 1, MONTHS - 1 - came)
    who, month = [np.arange(came.size)], [came]
    for later in range(1, MONTHS):
        buyers = np.flatnonzero((stays >= later) & (rng.random(came.size) < chance))
        who.append(buyers)
        month.append(came[buyers] + later)
    customer, at = np.concatenate(who), np.concatenate(month)
    times = 1 + rng.poisson(0.6, at.size)
    customer, at = np.repeat(customer, times), np.repeat(at, times)
    start = (np.datetime64("2021-01") + at).astype("datetime64[D]")
    day = start + rng.integers(0, 28, at.size)
    # The last month is seen to its end.
    frame = {
        "who": [*customer.astype(str), "late"],
        "on": [*day.astype(str), "2023-06-30"],
        "paid": rng.gamma(4, 5, at.size + 1),
    }
    return kp.Orders.from_frame(frame, customer="who", date="on", amount="paid")


@pytest.fixture(scope="module")
def found(shop: Orders) -> Backtest:
    return kp.backtest([kp.BGBB(), kp.BGNBD()], shop, origins=2, opportunity="month")


def test_models_of_both_times_stand_in_one_leaderboard(found: Backtest) -> None:
    assert found.leaderboard().places[0].model == "BGBB"
    assert {place.model for place in found.leaderboard()} == {"BGBB", "BGNBD", "NaiveRate", "CohortMean"}
    actual = {round(one.actual) for one in found.standings()}
    assert len(actual) == 1
    assert found.leaderboard().places[-1].behind > 0


def test_the_count_is_of_months_with_a_purchase(shop: Orders, found: Backtest) -> None:
    counted = 0
    for window in found.windows:
        counted += shop.engine.row(
            "SELECT count(DISTINCT (p.customer_key, date_trunc('month', p.day))) "
            f"FROM ({shop.purchases_sql('2023-06-30')}) AS p WHERE p.day > DATE '{window.calibration_end}' "
            f"AND p.day <= DATE '{window.end}' AND p.customer_key IN (SELECT customer_key FROM "
            f"({shop.purchases_sql('2023-06-30')}) AS q WHERE q.day <= DATE '{window.calibration_end}')"
        )[0]
    assert found.standings()[0].actual == counted


def test_a_forecast_of_its_own_law_is_calibrated(found: Backtest) -> None:
    best = found.standings()[0]
    assert best.total_error == pytest.approx(0.0, abs=0.06)
    assert best.coverage[0].randomised == pytest.approx(0.8, abs=0.03)
    assert found.holdout == kp.months(9)
    assert "Purchases are counted by the month" in " ".join(found.verdict_.reservations)


def test_purchases_are_followed_by_opportunity(found: Backtest) -> None:
    tracking = found.tracking
    assert tracking is not None
    assert tracking.unit is TimeUnit.MONTH
    assert [point.day for point in tracking.points][-1] == dt.date(2023, 6, 30)
    held = [point for point in tracking.points if point.day > tracking.calibration_end]
    last = next(row for row in found.rows if row.model == "BGBB" and row.origin == tracking.calibration_end)
    assert sum(point.actual for point in held) == last.metrics.actual
    assert sum(point.predicted for point in held) == pytest.approx(last.metrics.predicted)
    seen = [point for point in tracking.points if point.day <= tracking.calibration_end]
    assert sum(one.predicted for one in seen) == pytest.approx(sum(one.actual for one in seen), rel=0.05)


def test_money_is_forecast_by_opportunity(found: Backtest) -> None:
    value = next(one for one in found.standings("value") if one.chosen)
    assert value.total_error == pytest.approx(0.0, abs=0.1)


def test_the_choice_is_fitted_to_opportunities(shop: Orders) -> None:
    buying, spending, backtest = kp.choose_model(shop, models=[kp.BGBB()], origins=1, opportunity="month")
    assert backtest.winner == "BGBB"
    summary = kp.summarise_opportunities(shop, period="month")
    assert buying.parameters_ == kp.BGBB().fit(summary).parameters_
    values = kp.lifetime_value(buying, spending, summary, horizon=kp.months(6))
    assert len(values) == summary.customers


def test_what_cannot_be_asked_is_said(shop: Orders) -> None:
    with pytest.raises(ConfigError, match=r'opportunity="month"'):
        kp.backtest([kp.BGBB()], shop)
    with pytest.raises(ConfigError, match="learns from the days between purchases"):
        kp.backtest([kp.BGBB(), kp.MBGCNBD()], shop, opportunity="month")
    with pytest.raises(ConfigError, match="do not count alike"):
        kp.choose_model(shop, models=[kp.BGBB()], origins=1, opportunity="month", summary=kp.summarise(shop))
    summary = kp.summarise_opportunities(shop, period="month")
    with pytest.raises(InputError, match="not the days between"):
        summary.cells("sum")
    paths = kp.calendar_covariates("2021-01-01", "2025-01-01")
    with pytest.raises(InputError, match="this summary counts opportunities"):
        paths.join_to(summary)


def test_other_models_of_spend_see_opportunities(shop: Orders) -> None:
    summary = kp.summarise_opportunities(shop, period="month")
    days = summary.engine.row(f"SELECT count(*) FROM ({summary.purchase_days_sql()}) AS days")[0]
    assert days == summary.engine.row(f"SELECT sum(frequency + 1) FROM {summary.name}")[0]
    drift = kp.DriftingGammaGamma().fit(summary)
    assert drift.outcome_.usable


def test_a_drift_of_opportunities_is_judged(shop: Orders) -> None:
    window = kp.ObservationWindow("2022-12-31", "2023-06-30")
    summary = kp.summarise_opportunities(shop, window, "month")
    assert summary.holdout == kp.months(6)
    model = kp.BGBB().fit(summary)
    assert kp.goodness_of_fit(model, summary).activity is not None
    drift = kp.parameter_drift(model, summary, false_alarms=0.01)
    assert not drift.alarm
    purchases = next(one for one in drift.findings if one.name == "purchases")
    assert purchases.observed == summary.engine.row(f"SELECT sum(holdout_frequency) FROM {summary.name}")[0]


@pytest.mark.parametrize(
    ("unit", "cuts", "length"),
    [
        (TimeUnit.WEEK, ["2023-08-15", "2023-11-28", "2024-03-12"], 210),
        (TimeUnit.MONTH, ["2023-09-30", "2023-12-31", "2024-03-31"], 183),
    ],
)
def test_cuts_are_ends_of_opportunities(unit: TimeUnit, cuts: list[str], length: int) -> None:
    plan = plan_opportunities(dt.date(2023, 1, 3), dt.date(2024, 10, 8), unit)
    assert [str(window.calibration_end) for window in plan.windows] == cuts
    window = plan.windows[-1]
    assert window.end is not None
    assert window.calibration_end is not None
    assert (window.end - window.calibration_end).days == length


def test_windows_give_way_to_whole_opportunities() -> None:
    days = dt.date(2022, 1, 1), dt.date(2024, 10, 8)
    window = kp.ObservationWindow("2024-02-10", "2024-08-31")
    plan = plan_opportunities(*days, TimeUnit.MONTH, window, origins=1)
    assert plan.windows == (kp.ObservationWindow("2024-01-31", "2024-08-31", "month"),)
    assert plan.remark == "Whole months are predicted: from 2024-01-31 to 2024-08-31."
    with pytest.raises(ConfigError, match="for example months"):
        plan_opportunities(*days, TimeUnit.MONTH, holdout=kp.weeks(6))
    assert plan_opportunities(*days, TimeUnit.MONTH, origins=1, holdout=kp.weeks(26)).windows[0].end == dt.date(
        2024, 9, 30
    )
    assert not plan_opportunities(dt.date(2024, 8, 1), days[1], TimeUnit.MONTH).windows


def test_weeks_and_days_of_a_shop_are_counted() -> None:
    orders = shop_orders(400, days=200)
    for unit in ("week",):
        graded = kp.backtest([kp.BGBB(), kp.MBGNBD()], orders, origins=1, opportunity=unit)
        assert graded.winner is not None, unit
        assert graded.standings()[0].actual > 0
