"""Backtests of a small shop: what they grade, what they say, and what they leave behind."""

from __future__ import annotations

import datetime as dt
import json

import numpy as np
import pytest

from keepers.data.orders import Orders
from keepers.domain.errors import ConfigError
from keepers.domain.money import Margin
from keepers.domain.time import ObservationWindow, weeks
from keepers.evaluation.backtest import backtest
from keepers.evaluation.baselines import CohortMean
from keepers.evaluation.origin import Origin, open_origin
from keepers.evaluation.results import Backtest
from keepers.evaluation.verdict import Trust
from keepers.models.baselines import NaiveRate
from keepers.models.btyd.mbg_nbd import MBGNBD
from keepers.models.btyd.pareto_nbd import ParetoNBD
from shop import shop_orders


@pytest.fixture(scope="module")
def shop() -> Orders:
    return shop_orders(2500)


@pytest.fixture(scope="module")
def found(shop: Orders) -> Backtest:
    return backtest([MBGNBD(), ParetoNBD(), NaiveRate()], shop)


def tables(orders: Orders) -> set[str]:
    return {row[0] for row in orders.engine.rows("SHOW TABLES")}


def test_every_forecast_is_graded_from_every_origin(found: Backtest) -> None:
    assert len(found.windows) == 3
    of_purchases = [row for row in found.rows if row.of == "purchases"]
    assert {row.model for row in of_purchases} == {"MBGNBD", "ParetoNBD", "NaiveRate", "CohortMean"}
    assert len(of_purchases) == 12
    of_value = {row.model for row in found.rows if row.of == "value"}
    assert {"CohortMean", "PastSpend"} < of_value
    assert len(of_value) == 5


def test_the_model_beats_the_rules_on_its_own_law(found: Backtest) -> None:
    assert found.winner in {"MBGNBD", "ParetoNBD"}
    assert found.ranking.beats_rules
    assert found.verdict_.trust is Trust.GOOD
    assert found.verdict.startswith("Predicting the next 25 weeks from 3 dates in the past")
    assert found.value_model is not None
    assert found.value_model.startswith(f"{found.winner}+CorrelatedSpend")


def test_standings_are_means_over_origins(found: Backtest) -> None:
    standing = next(one for one in found.standings() if one.model == "NaiveRate")
    rows = [row for row in found.rows if row.model == "NaiveRate"]
    assert standing.baseline
    assert not standing.chosen
    assert standing.mae == pytest.approx(np.mean([row.metrics.mae for row in rows]))
    predicted, actual = (sum(getattr(row.metrics, name) for row in rows) for name in ("predicted", "actual"))
    assert standing.total_error == pytest.approx(predicted / actual - 1)
    assert [one.model for one in found.standings()] == list(found.ranking.order)
    assert [one.level for one in standing.coverage] == [0.80, 0.95]


def test_the_winner_has_groups_coverage_and_tracking(found: Backtest) -> None:
    last = max(row.origin for row in found.rows)
    own = next(row for row in found.rows if row.model == found.winner and row.origin == last)
    assert found.groups == own.groups
    assert len(found.value_groups) == 10
    assert [one.level for one in found.coverage] == [0.80, 0.95]
    assert found.tracking is not None
    assert found.tracking.calibration_end == last
    after = [point for point in found.tracking.points if point.day > last]
    assert sum(point.actual for point in after) == own.metrics.actual
    assert sum(point.predicted for point in after) == pytest.approx(own.metrics.predicted)


def test_everything_can_be_written_down(found: Backtest) -> None:
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["winner"] == found.winner
    assert len(data["standings"]) == 9
    assert data["verdict"]["trust"] == "good"
    assert found.table("purchases")[0]["coverage_80"] == found.standings()[0].coverage[0].plain


def test_nothing_is_left_in_the_engine(shop: Orders) -> None:
    before = tables(shop)
    backtest([MBGNBD()], shop, origins=1)
    assert tables(shop) == before


def test_the_same_backtest_twice_is_the_same(shop: Orders, found: Backtest) -> None:
    assert backtest([MBGNBD(), ParetoNBD(), NaiveRate()], shop).to_dict() == found.to_dict()


def test_models_given_are_left_as_they_were(shop: Orders) -> None:
    model = MBGNBD()
    backtest([model], shop, origins=1)
    assert not model.fitted


def test_orders_without_money_are_tested_on_purchases_alone() -> None:
    found = backtest([MBGNBD()], shop_orders(600, money=False))
    assert found.winner == "MBGNBD"
    assert {row.of for row in found.rows} == {"purchases"}
    assert found.interval_levels == {}


def test_a_history_too_short_is_untested_and_says_so() -> None:
    found = backtest([MBGNBD()], shop_orders(300, days=30))
    assert found.winner is None
    assert found.rows == ()
    assert found.holdout is None
    assert found.verdict_.trust is Trust.UNTESTED
    assert "too short" in found.verdict


def test_too_few_customers_are_untested_and_say_so() -> None:
    found = backtest([MBGNBD()], shop_orders(25))
    assert found.winner is None
    assert "too little to grade a model" in found.verdict


def test_a_class_in_place_of_a_model_is_refused(shop: Orders) -> None:
    with pytest.raises(ConfigError, match=r"give an instance, `MBGNBD\(\)`"):
        backtest([MBGNBD], shop)  # type: ignore[list-item]


def test_progress_is_told(shop: Orders) -> None:
    told: list[tuple[str, float | None]] = []
    backtest([MBGNBD()], shop, origins=2, progress=lambda step, share=None: told.append((step, share)))
    assert told[0] == ("Backtest", 0.0)
    assert told[-1] == ("Backtest", 1.0)


def test_a_given_window_and_holdout_are_used(shop: Orders) -> None:
    window = ObservationWindow("2022-12-31", "2023-03-31", unit="month")
    assert backtest([MBGNBD()], shop, window, origins=1).windows == (window,)
    length = backtest([MBGNBD()], shop, origins=1, holdout=weeks(8)).holdout
    assert length is not None
    assert round(length.days) == 56


def test_the_period_before_is_seen_as_it_was() -> None:
    """Two customers of long ago; a third within the period before, whose own age then was none."""
    frame = {
        "customer": ["a", "a", "a", "a", "b", "b", "c", "c"] + [f"z{i}" for i in range(30)] * 2,
        "date": ["2024-01-01", "2024-03-05", "2024-03-20", "2024-04-10", "2024-01-10", "2024-04-02"]
        + ["2024-03-10", "2024-03-15"]
        + ["2024-01-01"] * 30
        + ["2024-04-05"] * 30,
        "amount": [10.0, 20.0, 30.0, 40.0, 5.0, 6.0, 7.0, 8.0] + [1.0] * 60,
    }
    orders = Orders.from_frame(frame, customer="customer", date="date", amount="amount")
    origin = open_origin(orders, ObservationWindow("2024-03-31", "2024-04-30", unit="day"), Margin())
    assert isinstance(origin, Origin)
    before = origin.previous()
    # thirty days from 2024-03-02: a bought on two days of it, b and the z on none, c was not there yet
    assert dict(zip(zip(before.age, before.purchases, strict=True), before.customers, strict=True)) == {
        (60.0, 0.0): 30.0,
        (60.0, 2.0): 1.0,
        (51.0, 0.0): 1.0,
    }
    assert before.money.sum() == 50.0
    origin.grade("CohortMean", CohortMean())
    assert origin.grades["CohortMean"].metrics.actual == 32.0
    assert origin.cut == dt.date(2024, 3, 31)
