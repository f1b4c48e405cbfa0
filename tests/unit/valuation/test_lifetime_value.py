"""Values: columns, joins, margins, horizons, what is empty without money, and users' frames."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from history import PurchaseRows
from keepers.domain.errors import ConfigError, FitError
from keepers.domain.money import Margin, MoneyBasis, annual_rate
from keepers.domain.time import ObservationWindow, months, weeks, years
from keepers.models.baselines import NaiveRate
from keepers.models.btyd.bg_nbd import BGNBD
from keepers.models.btyd.nbd import NBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.summaries.summary import Summary, summarise
from keepers.valuation.facts import horizon_label
from keepers.valuation.lifetime_value import lifetime_value
from keepers.valuation.values import Values

NO_DISCOUNT = annual_rate(0.0)


@pytest.fixture(scope="module")
def summary(cdnow_path: Path) -> Summary:
    return summarise(PurchaseRows.cdnow(cdnow_path), ObservationWindow("1997-09-30"))


@pytest.fixture(scope="module")
def buying(summary: Summary) -> ParetoNBD:
    return ParetoNBD().fit(summary)


@pytest.fixture(scope="module")
def spending(summary: Summary) -> GammaGamma:
    return GammaGamma().fit(summary)


def one(values: Values, customer: str, *columns: str) -> tuple[Any, ...]:
    return values.engine.row(f"SELECT {', '.join(columns)} FROM {values.name} WHERE customer_key = '{customer}'")


def test_value_is_discounted_orders_times_order_value_times_margin(
    summary: Summary, buying: ParetoNBD, spending: GammaGamma
) -> None:
    values = lifetime_value(buying, spending, summary, weeks(52), margin=0.4)
    x, t_x, T, m = summary.engine.row(
        f"SELECT frequency, recency, T, monetary_value FROM {summary.name} WHERE customer_key = '1516'"
    )
    frame = {"frequency": [x], "recency": [t_x], "T": [T], "monetary_value": [m]}
    order = spending.expected_spend(frame)["expected_spend"][0]
    for column, horizon in (("clv_predicted_52w", weeks(52)), ("clv_lifetime", years(5)), ("clv_infinite", None)):
        orders = buying.discounted_expected_purchases(frame, horizon)["discounted_expected_purchases"][0]
        assert one(values, "1516", column)[0] == pytest.approx(0.4 * orders * order, rel=1e-9)
    assert one(values, "1516", "expected_order_value")[0] == pytest.approx(order, rel=1e-9)
    assert one(values, "1516", "probability_alive")[0] == pytest.approx(0.997874, abs=5e-6)
    assert one(values, "1516", "clv_historic")[0] == pytest.approx(0.4 * 1050.99)
    assert values.basis is MoneyBasis.CONTRIBUTION
    assert values.meaning == (
        "Contribution margin at 40% over 52 weeks from 1997-09-30, of customers who bought before, discounted at 10% "
        "a year, cost of acquisition not deducted."
    )


def test_every_customer_has_a_row_and_every_column_a_number(
    summary: Summary, buying: ParetoNBD, spending: GammaGamma
) -> None:
    values = lifetime_value(buying, spending, summary, level=[50, 95], scored_at=dt.datetime(2026, 5, 1, 12))
    assert len(values) == summary.customers == 2357
    assert values.value_column == "clv_predicted_12m"
    assert values.interval_columns(95) == ("clv_predicted_12m_low_95", "clv_predicted_12m_high_95")
    columns = values.to_numpy()
    for name, column in columns.items():
        if name != "expected_next_order_date" and column.dtype.kind == "f":
            assert np.isfinite(column).all(), name
    ends = [columns[f"clv_predicted_12m_{end}"] for end in ("low_95", "low", "low_50", "high_50", "high", "high_95")]
    for lower, higher in itertools.pairwise(ends):
        assert np.all(lower <= higher + 1e-9)
    assert np.all(columns["clv_predicted_12m"] <= columns["clv_lifetime"] + 1e-9)
    assert np.all(columns["clv_lifetime"] <= columns["clv_infinite"] + 1e-9)
    assert np.all(columns["clv_predicted_12m"] <= columns["clv_if_active"] + 1e-9)
    assert columns["clv_percentile"].max() == 100
    assert columns["clv_percentile"].min() == 0
    assert set(columns["clv_tier"]) == {"Platinum", "Gold", "Silver", "Bronze"}
    assert np.sum(columns["clv_tier"] == "Platinum") == pytest.approx(0.05 * 2357, abs=2)
    assert set(columns["churn_horizon_days"]) == {365}
    assert set(columns["clv_model_version"]) == {"ParetoNBD+GammaGamma"}
    assert columns["clv_scored_at"][0] == np.datetime64("2026-05-01T12:00:00")


def test_states_dates_and_money_at_risk(summary: Summary, buying: ParetoNBD, spending: GammaGamma) -> None:
    columns = lifetime_value(buying, spending, summary).to_numpy()
    state, alive = columns["customer_state"], columns["probability_alive"]
    assert set(state) == {"active", "at risk", "lost"}
    assert np.all(columns["money_at_risk"][state != "at risk"] == 0)
    assert np.all(columns["money_at_risk"][state == "at risk"] > 0)
    assert np.all(columns["money_at_risk"] <= columns["clv_if_active"])
    assert np.all(alive[(state == "lost") & (columns["frequency"] > 0)] < 0.05)
    dated = ~np.isnat(columns["expected_next_order_date"].astype("datetime64[D]"))
    assert np.all(alive[dated] >= 0.5)
    assert columns["expected_next_order_date"].astype("datetime64[D]")[dated].min() > np.datetime64("1997-09-30")
    np.testing.assert_array_equal(columns["days_since_last_order"], columns["age_days"] - columns["recency_days"])


def test_the_horizon_is_named_and_converted(summary: Summary, buying: ParetoNBD, spending: GammaGamma) -> None:
    half = lifetime_value(buying, spending, summary, months(6))
    assert half.value_column == "clv_predicted_6m"
    days = lifetime_value(buying, spending, summary, weeks(26.0892857142857142))
    assert half.engine.row(f"SELECT sum({half.value_column}) FROM {half.name}")[0] == pytest.approx(
        days.engine.row(f"SELECT sum({days.value_column}) FROM {days.name}")[0], rel=1e-9
    )
    assert horizon_label(years(1.5)) == "1_5y"


def test_without_money_everything_else_is_answered(summary: Summary, buying: ParetoNBD) -> None:
    values = lifetime_value(buying, None, summary)
    assert not values.has_money
    found = one(values, "1516", "clv_predicted_12m", "clv_predicted_12m_high", "expected_orders", "clv_percentile")
    assert found[:2] == (None, None)
    assert found[2] > 20
    assert found[3] > 99
    nothing = PurchaseRows([("a", "2024-01-01", None), ("a", "2024-02-01", None), ("b", "2024-02-05", None)])
    bare = summarise(nothing)
    assert (
        len(lifetime_value(NBD().fit(bare), GammaGamma().fit({"frequency": [1, 2], "monetary_value": [5, 9]}), bare))
        == 2
    )


def test_the_lifetime_gets_its_interval_when_asked(summary: Summary, buying: ParetoNBD, spending: GammaGamma) -> None:
    values = lifetime_value(buying, spending, summary, lifetime_interval=True)
    low, value, high, year = one(
        values, "1516", "clv_lifetime_low", "clv_lifetime", "clv_lifetime_high", "clv_predicted_12m_high"
    )
    assert 0 < low < value < high
    assert high > year


def test_intervals_are_as_wide_as_a_backtest_found_them_right(
    summary: Summary, buying: ParetoNBD, spending: GammaGamma
) -> None:
    plain = lifetime_value(buying, spending, summary, weeks(52), level=95)
    wider = lifetime_value(buying, spending, summary, weeks(52), level=95, interval_levels={0.8: 0.95, 0.95: 0.95})
    names = [*plain.interval_columns(80), *plain.interval_columns(95)]
    own, found = (one(values, "1516", *names) for values in (plain, wider))
    assert found == pytest.approx((own[2], own[3], own[2], own[3]))
    assert own[0] > own[2]


def test_the_naive_rule_can_be_priced_too(summary: Summary, spending: GammaGamma) -> None:
    values = lifetime_value(NaiveRate().fit(summary), spending, summary, discount=NO_DISCOUNT)
    columns = values.to_numpy()
    assert np.all(columns["clv_predicted_12m"][columns["frequency"] == 0] == 0)
    assert np.isinf(columns["clv_infinite"]).any(), "without end and without discount"


def test_stored_values_are_the_same(summary: Summary, buying: ParetoNBD, spending: GammaGamma) -> None:
    lazy = lifetime_value(buying, spending, summary)
    kept = lazy.stored()
    assert kept.columns == lazy.columns
    total = f"SELECT sum(clv_predicted_12m), count(*) FROM {lazy.name}"
    assert kept.engine.row(total.replace(lazy.name, kept.name)) == pytest.approx(lazy.engine.row(total))


def test_own_contributions_may_lose_money() -> None:
    rows = [("good", f"2024-0{k}-01", 50, 20) for k in range(1, 7)]
    rows += [("bad", f"2024-0{k}-02", 50, -500) for k in range(1, 7)]
    rows += [(f"c{i}", "2024-03-05", 40, 15) for i in range(5)] + [(f"c{i}", "2024-05-05", 40, 15) for i in range(5)]
    summary = summarise(PurchaseRows(rows), margin=Margin(per_order=True))
    spending = GammaGamma().fit(summary)
    values = lifetime_value(BGNBD().fit(summary), spending, summary)
    low, value, high = one(values, "bad", "clv_predicted_12m_low", "clv_predicted_12m", "clv_predicted_12m_high")
    assert low < value < high <= 0
    assert one(values, "bad", "clv_historic")[0] == pytest.approx(-3000)
    assert one(values, "good", "clv_predicted_12m")[0] > 0
    with pytest.raises(ConfigError, match="each order's own"):
        lifetime_value(BGNBD().fit(summary), spending, summary, margin=0.3)


def test_a_customer_whose_spend_is_unknown_is_taken_for_one_of_the_population() -> None:
    rows: list[tuple[Any, ...]] = [(f"c{i}", f"2024-0{k}-0{1 + i % 7}", 20 + i) for i in range(9) for k in (1, 3, 4)]
    rows += [("dark", "2024-01-02", None), ("dark", "2024-03-01", None)]
    summary = summarise(PurchaseRows(rows))
    spending = GammaGamma().fit(summary)
    values = lifetime_value(BGNBD().fit(summary), spending, summary)
    assert one(values, "dark", "expected_order_value")[0] == pytest.approx(spending.mean_spend_)


def test_spend_without_a_mean_is_said_and_survived() -> None:
    rng = np.random.default_rng(1)
    spend = rng.pareto(0.6, 400) + 1
    frame = {"frequency": np.ones(400), "recency": np.ones(400), "T": np.full(400, 3.0), "monetary_value": spend}
    frame = {name: np.append(column, [0, 0, 3.0, 0][place]) for place, (name, column) in enumerate(frame.items())}
    spending = GammaGamma(prior=None).fit(frame)
    assert spending.parameters_["q"] < 1
    found = lifetime_value(BGNBD().fit(frame, unit="week"), spending, frame, unit="week")
    assert np.isfinite(found["clv_predicted_12m"]).all()
    assert found["expected_order_value"][-1] == pytest.approx(spend.mean())


@pytest.mark.parametrize("make", [dict, pd.DataFrame, pl.DataFrame])
def test_a_frame_comes_back_as_the_same_kind_in_the_same_order(
    make: Any, buying: ParetoNBD, spending: GammaGamma
) -> None:
    data = {
        "name": ["z", "y", "x"], "frequency": [5, 0, 1], "recency": [30.0, 0.0, 10.0], "T": [31.0, 20.0, 38.86],
        "monetary_value": [40.0, 0.0, 20.0],
    }  # fmt: skip
    frame = make(data)
    if make is pd.DataFrame:
        frame.index = [7, 3, 5]
    found = lifetime_value(buying, spending, frame, weeks(52), margin=0.5, unit="week")
    assert type(found) is type(frame)
    assert list(found["name"]) == ["z", "y", "x"]
    value = np.asarray(found["clv_predicted_52w"], dtype=float)
    assert value[0] > value[2] > value[1] > 0
    assert "rfm_group" not in found
    if make is pd.DataFrame:
        assert list(found.index) == [7, 3, 5]


def test_impossible_levels_and_unfitted_models_are_refused(
    summary: Summary, buying: ParetoNBD, spending: GammaGamma
) -> None:
    with pytest.raises(ConfigError, match="in per cent"):
        lifetime_value(buying, spending, summary, level=0.8)
    with pytest.raises(FitError, match="not fitted"):
        lifetime_value(buying, GammaGamma(), summary)
    with pytest.raises(FitError):
        lifetime_value(ParetoNBD(), spending, summary)
    assert math.isclose(annual_rate(0.1).annual, 0.1)


def test_a_second_horizon_has_the_values_of_a_valuation_of_its_own(
    summary: Summary, buying: ParetoNBD, spending: GammaGamma
) -> None:
    def sorted_columns(values: Values) -> dict[str, Any]:
        return values.engine.columns(f"SELECT * FROM ({values.sql}) AS v ORDER BY customer_key")

    both = sorted_columns(lifetime_value(buying, spending, summary, also=months(3), lifetime_interval=True))
    names = ("clv_predicted_3m", "clv_predicted_3m_low", "clv_predicted_3m_high")
    short = sorted_columns(lifetime_value(buying, spending, summary, months(3)))
    far = sorted_columns(lifetime_value(buying, spending, summary, years(5)))
    for name in names:
        np.testing.assert_allclose(both[name], short[name], rtol=1e-12)
    np.testing.assert_allclose(both["expected_orders_3m"], short["expected_orders"], rtol=1e-12)
    np.testing.assert_allclose(both["expected_orders_lifetime"], far["expected_orders"], rtol=1e-12)
    np.testing.assert_allclose(both["clv_lifetime"], far["clv_predicted_5y"], rtol=1e-12)
    np.testing.assert_allclose(both["clv_lifetime_low"], far["clv_predicted_5y_low"], rtol=1e-12)
    alone = sorted_columns(lifetime_value(buying, spending, summary))
    assert set(both) - set(alone) == {
        *names, "expected_orders_3m", "expected_orders_lifetime", "clv_lifetime_low", "clv_lifetime_high",
    }  # fmt: skip
    for name in alone:
        np.testing.assert_array_equal(both[name], alone[name])
    with pytest.raises(ConfigError, match="Both horizons are 12 months"):
        lifetime_value(buying, spending, summary, also=months(12))


def test_a_second_horizon_without_money_is_of_orders_alone(summary: Summary, buying: ParetoNBD) -> None:
    values = lifetime_value(buying, None, summary, also=months(3))
    found = one(values, "1516", "clv_predicted_3m", "clv_predicted_3m_low", "expected_orders_3m < expected_orders")
    assert found == (None, None, True)
