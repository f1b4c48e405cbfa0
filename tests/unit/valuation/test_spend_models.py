"""Values, sums and backtests with every model of spend."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from contributions import contribution_summary, mixed, purchases
from keepers.domain.errors import ConfigError, FitError, InputError
from keepers.domain.money import Margin
from keepers.domain.time import months
from keepers.evaluation.compare import choose_model
from keepers.models.baselines import NaiveRate
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.spend.correlated_spend import CorrelatedSpend
from keepers.models.spend.drifting_gamma_gamma import DriftingGammaGamma
from keepers.models.spend.fitting import default_spending, goes_in_step
from keepers.models.spend.forecast import GammaForecast
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.models.spend.in_step import spend_in_step
from keepers.models.spend.signed_rows import signed_rows
from keepers.models.spend.signed_spend import SignedSpend
from keepers.summaries.cohorts import cohorts, purchase_ages
from keepers.summaries.summary import Summary, summarise
from keepers.valuation.cohort_forecast import cohort_forecast
from keepers.valuation.equity import equity
from keepers.valuation.levers import levers
from keepers.valuation.lifetime_value import lifetime_value
from keepers.valuation.new_customers import new_customer_value
from keepers.valuation.signed_intervals import quantiles
from shop import shop_orders


@pytest.fixture(scope="module")
def shop() -> Summary:
    return summarise(shop_orders(700, seed=3))


@pytest.fixture(scope="module")
def sides() -> Summary:
    return contribution_summary(500, mixed, seed=4)


def column(table: Any, name: str) -> np.ndarray:
    return np.asarray(table.to_numpy()[name], dtype=np.float64)


@pytest.mark.parametrize("kind", ["signed", "drifting", "correlated"])
def test_where_nothing_is_added_values_are_those_of_gamma_gamma(kind: str, shop: Summary) -> None:
    buying = MBGNBD().fit(shop)
    plain = lifetime_value(buying, GammaGamma().fit(shop), shop).stored()
    spending: Any = {
        "signed": lambda: SignedSpend().fit(shop),
        "drifting": lambda: DriftingGammaGamma("none").fit(shop),
        "correlated": lambda: CorrelatedSpend("none").fit(shop, buying),
    }[kind]()
    found = lifetime_value(buying, spending, shop).stored()
    for name in ("expected_order_value", "clv_predicted_12m", "clv_lifetime", "money_at_risk"):
        assert column(found, name) == pytest.approx(column(plain, name), rel=1e-9)
    if kind != "signed":
        assert column(found, "clv_predicted_12m_high") == pytest.approx(
            column(plain, "clv_predicted_12m_high"), rel=1e-9
        )
    else:
        assert column(found, "clv_predicted_12m_high").sum() == pytest.approx(
            column(plain, "clv_predicted_12m_high").sum(), rel=0.06
        )
    for total in ("total", "lifetime"):
        ours, theirs = (getattr(equity(one, draws=8), total) for one in (found, plain))
        assert ours.value == pytest.approx(theirs.value, rel=1e-9)
        assert ours.high - ours.low == pytest.approx(theirs.high - theirs.low, rel=0.5)


def test_values_may_be_negative_and_their_intervals_are_those_of_arrays(sides: Summary) -> None:
    buying, spending = ParetoNBD().fit(sides), SignedSpend().fit(sides)
    values = lifetime_value(buying, spending, sides, level=[50], lifetime_interval=True, also=months(3))
    known = values.facts.cells
    rows = sides.engine.columns(f"SELECT frequency, recency_days, T_days FROM {sides.name} ORDER BY customer_key")
    keys = np.column_stack([rows["frequency"], rows["recency_days"], rows["T_days"]]).astype(float)
    days = known.cells.unit.days
    of_cells = np.column_stack([known.cells.x, np.rint(known.cells.t_x * days), np.rint(known.cells.T * days)])
    place = {tuple(row): number for number, row in enumerate(of_cells.tolist())}
    cell = np.array([place[tuple(row)] for row in keys.tolist()])
    order = np.argsort(column_text(sides, "customer_key"), kind="stable")
    moments = spending.spend_moments(sides)
    sorted_moments = type(moments)(*(one[order] for one in moments))
    table = values.engine.columns(f"SELECT * FROM ({values.sql}) AS v ORDER BY customer_key")
    discount = (known.predictions.discounted_purchases / np.maximum(known.predictions.expected_purchases, 1e-300))[cell]
    for suffix, level in (("_low", 0.1), ("_high", 0.9), ("_low_50", 0.25), ("_high_50", 0.75)):
        exact = discount * quantiles(known.orders, cell, sorted_moments, level)
        assert table[f"clv_predicted_12m{suffix}"] == pytest.approx(exact, rel=1e-6, abs=1e-6)
    assert (table["clv_predicted_12m_low"] < 0).any()
    assert (table["clv_predicted_12m_low"] <= table["clv_predicted_12m_high"]).all()
    assert np.isfinite(table["clv_lifetime_low"]).all()
    short = lifetime_value(buying, spending, sides, months(3))
    alone = short.engine.columns(f"SELECT * FROM ({short.sql}) AS v ORDER BY customer_key")
    for name in ("clv_predicted_3m", "clv_predicted_3m_low", "clv_predicted_3m_high"):
        assert table[name] == pytest.approx(alone[name], rel=1e-12)
    expected = table["expected_orders"] * discount * sorted_moments.mean
    assert table["clv_predicted_12m"] == pytest.approx(expected, rel=1e-6)


def column_text(summary: Summary, name: str) -> np.ndarray:
    rows = summary.engine.columns(f"SELECT {name} FROM {summary.name} ORDER BY rowid")
    return np.asarray(rows[name]).astype(str)


@pytest.mark.parametrize("kind", ["signed", "drifting", "correlated"])
def test_sums_over_customers_are_sums_of_their_values(kind: str, shop: Summary, sides: Summary) -> None:
    summary = sides if kind == "signed" else shop
    buying = ParetoNBD().fit(summary)
    spending: Any = {
        "signed": lambda: SignedSpend().fit(summary),
        "drifting": lambda: DriftingGammaGamma("both").fit(summary),
        "correlated": lambda: CorrelatedSpend("free").fit(summary, buying),
    }[kind]()
    values = lifetime_value(buying, spending, summary).stored()
    total = equity(values, draws=8).total
    assert total is not None
    assert total.value == pytest.approx(column(values, "clv_predicted_12m").sum(), rel=1e-6)
    assert total.low < total.value < total.high
    gains = levers(values, draws=8)
    assert gains.base == pytest.approx(column(values, "clv_lifetime").sum(), rel=0.01)
    new = new_customer_value(values, months(12), draws=8)
    assert new.total.low <= new.total.value <= new.total.high
    ages = purchase_ages(summary)
    money = cohort_forecast(values, cohorts(summary, ages), ages).money
    assert money is not None
    assert np.isfinite(money[~np.isnan(money)]).all()


def test_frames_say_that_single_orders_are_needed() -> None:
    data = {
        "frequency": [0, 1, 4, 2],
        "recency": [0, 5, 30, 20],
        "T": [39, 39, 38, 30],
        "monetary_value": [0, 20, 35, 28],
    }
    buying = ParetoNBD().fit(data, unit="week")
    frame = {"gains": [1, 3], "gained": [5.0, 20.0], "losses": [0, 1], "lost": [0.0, 3.0], "zeros": [0, 0]}
    with pytest.raises(InputError, match="made of orders"):
        lifetime_value(buying, SignedSpend().fit(frame), data, unit="week")
    correlated = CorrelatedSpend("free").fit(data, buying)
    found = lifetime_value(buying, correlated, data, unit="week")
    assert np.isfinite(found["clv_predicted_12m"]).all()
    with pytest.raises(ConfigError, match="was fitted with ParetoNBD"):
        lifetime_value(MBGNBD().fit(data, unit="week"), correlated, data, unit="week")
    with pytest.raises(FitError, match="not fitted"):
        lifetime_value(buying, SignedSpend(), data, unit="week")


def test_the_data_ask_for_models_of_spend(shop: Summary, sides: Summary) -> None:
    assert {type(one) for one in default_spending(shop)} == {GammaGamma}
    assert SignedSpend in {type(one) for one in default_spending(sides)}


def test_spend_in_step_asks_for_a_law_with_gamma_distributed_rates_and_customers_enough(shop: Summary) -> None:
    assert goes_in_step(shop, MBGNBD().fit(shop))
    assert not goes_in_step(shop, NaiveRate().fit(shop))
    few = summarise(purchases(120, mixed, seed=2), margin=shop.margin)
    assert not goes_in_step(few, MBGNBD().fit(few))


def test_sums_move_little_with_elasticities_that_the_level_of_spend_goes_against(shop: Summary) -> None:
    buying = ParetoNBD().fit(shop)
    model = spend_in_step().fit(shop, buying)
    values = lifetime_value(buying, model, shop)
    spend = values.facts.cells.spend
    assert isinstance(spend, GammaForecast)
    theta, spreads = np.array(list(model.parameters_.values())), model.standard_errors_
    draws = np.vstack([theta, model.posterior_.draws(12, np.random.default_rng(1))])
    assert spreads["gamma"] > 0.2 * theta[2]
    cells = values.facts.cells.cells
    sums = [
        one.drawn(draws, cells, cells.weight, cells.weight * spend.population_mean).sum(axis=1)
        for one in (spend, replace(spend, traits=None))
    ]
    told, alone = (one[1:] / one[0] - 1.0 for one in sums)
    valued = []
    for drawn in draws:
        other = copy.copy(model)
        other.parameters_ = dict(zip(model.parameters_, drawn.tolist(), strict=True))
        valued.append(
            column(lifetime_value(buying, other, shop, columns=["clv_predicted_12m"]), "clv_predicted_12m").sum()
        )
    truth = np.array(valued[1:]) / valued[0] - 1.0
    assert np.abs(told - truth).max() < 0.03
    assert np.abs(alone - truth).std() > 2 * np.abs(told - truth).std()


def test_losses_are_chosen_by_the_backtest() -> None:
    source = purchases(900, mixed, seed=8, repeats=4.0)
    chosen = choose_model(source, models=[MBGNBD()], margin=Margin(per_order=True))  # type: ignore[arg-type]
    names = {row.model for row in chosen.backtest.rows if row.of == "value"}
    assert "MBGNBD+SignedSpend" in names
    assert chosen.spending is not None
    rows = [row for row in chosen.backtest.rows if row.model == "MBGNBD+SignedSpend"]
    for row in rows:
        assert row.coverage[0].randomised > 0.7
    assert signed_rows(summarise(source, margin=Margin(per_order=True)), False).history.losses.sum() > 0
