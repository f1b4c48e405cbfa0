"""Learned value starts from spend that goes with buying as far as orders show it, and not at all where few do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.models.learned import attrition
from keepers.models.learned.attrition import Attrition
from keepers.models.spend import rated_rows
from keepers.models.spend.in_step import IN_STEP, USUAL_POWER
from keepers.models.spend.orders_ahead import OrdersAhead
from keepers.simulate import Behaviour, Correlation, Spend, StorePlan, simulate_store

LAW = Behaviour("pareto_nbd", {"r": 0.8, "alpha": 9.0, "s": 0.75, "beta": 15.0}, "week")
MONEY = Spend(5.0, 6.0, 42.0)
AHEAD = kp.days(365)
NAMES = ("frequency", "recency_days", "age_days", "revenue")


def known(summary: kp.Summary) -> np.ndarray[Any, Any]:
    """What the model reads of customers."""
    found = summary.engine.columns(f"SELECT frequency, recency_days, T_days, revenue FROM {summary.name}")
    return np.column_stack([np.asarray(column, dtype=np.float64) for column in found.values()])


def test_totals_are_right_where_large_orders_come_from_frequent_buyers_who_stay() -> None:
    plan = StorePlan(behaviour=LAW, spend=MONEY, correlation=Correlation(rate_spend=0.5, dropout_spend=-0.4))
    store = simulate_store(4_000, 2, plan)
    truth = store.truth.customers.expected_value(AHEAD).sum()
    found = Attrition.known_on(store.orders, store.last_day, AHEAD)
    assert found is not None
    assert isinstance(found.spend, kp.CorrelatedSpend)
    summary = kp.summarise(store.orders)
    X = known(summary)
    total = found.added(X, NAMES)[:, -1].sum()
    alone = Attrition(found.model, AHEAD, kp.GammaGamma(include_first=True).fit(summary)).added(X, NAMES)[:, -1].sum()
    assert found.spend.elasticity_ > 0.1
    assert found.spend.leaving_elasticity_ < -0.05
    assert total == pytest.approx(truth, rel=0.03)
    assert alone < 0.92 * truth
    store.engine.close()


def test_few_customers_leave_spend_near_independence_and_none_is_taken_for_certain() -> None:
    plan = StorePlan(behaviour=LAW, spend=MONEY)
    powers: dict[str, list[float]] = {"believed": [], "free": []}
    for seed in range(4):
        store = simulate_store(60, seed, plan)
        summary = kp.summarise(store.orders)
        buying = kp.ParetoNBD().fit(summary)
        for name, prior in (("believed", IN_STEP), ("free", None)):
            spend = kp.CorrelatedSpend("free", True, prior, leaving="free").fit(summary, buying)
            powers[name] += [spend.elasticity_, spend.leaving_elasticity_]
        store.engine.close()
    spread = {name: float(np.sqrt(np.mean(np.square(some)))) for name, some in powers.items()}
    assert spread["believed"] < 0.7 * spread["free"]
    assert max(map(abs, powers["believed"])) < 2 * USUAL_POWER


def test_the_level_of_spend_is_that_of_all_customers_where_the_fit_takes_a_part(monkeypatch: Any) -> None:
    store = simulate_store(2_000, 5, StorePlan(behaviour=LAW, spend=MONEY))
    summary = kp.summarise(store.orders)
    buying = kp.ParetoNBD().fit(summary)
    whole = kp.CorrelatedSpend("free", True, leaving="free").fit(summary, buying)
    monkeypatch.setattr(rated_rows, "MOST_JOINTLY", 250)
    monkeypatch.setattr(rated_rows.joint_rows, "__defaults__", ((), 250))
    part = kp.CorrelatedSpend("free", True, leaving="free").fit(summary, buying)
    assert part.n_customers_ < 350
    level = [one.parameters_["p"] * one.parameters_["gamma"] / (one.parameters_["q"] - 1.0) for one in (part, whole)]
    assert level[0] == pytest.approx(level[1], rel=0.02)
    cells = kp.summarise(store.orders).cells()
    row, brought = np.zeros(2, dtype=np.intp), np.array([np.nan, 0.0])
    of_nobody = OrdersAhead(whole, buying, AHEAD)(cells, row, brought)
    assert of_nobody[0] == of_nobody[1] > 0
    store.engine.close()


def test_a_law_that_money_has_no_fit_with_is_not_the_likelier_one_for_that(monkeypatch: Any) -> None:
    store = simulate_store(300, 5, StorePlan(behaviour=LAW, spend=MONEY))
    fitted = attrition._spend
    for without in attrition.LAWS:

        def spend(summary: kp.Summary, buying: Any, without: Any = without) -> Any:
            return None if isinstance(buying, without) else fitted(summary, buying)

        monkeypatch.setattr(attrition, "_spend", spend)
        found = Attrition.known_on(store.orders, store.last_day, AHEAD)
        assert found is not None
        assert found.spend is not None
    store.engine.close()
