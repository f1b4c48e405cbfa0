"""Where spend goes with buying and staying, the law of leaving and the model of spend are chosen with the money."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import keepers as kp
from keepers.evaluation import law_by_money
from keepers.evaluation.grading import CountGrade
from keepers.evaluation.law_by_money import by_money
from keepers.evaluation.metrics import Metrics, measure
from keepers.evaluation.ranking import Ranking, rank
from keepers.evaluation.value_backtest import _stands_in
from keepers.evaluation.value_grading import ValueGrade
from keepers.models.spend.drifting_gamma_gamma import DriftingGammaGamma
from keepers.models.spend.gamma_gamma import GammaGamma
from keepers.simulate import Behaviour, Correlation, Spend, StorePlan, simulate_store

LAW = Behaviour("pareto_nbd", {"r": 0.8, "alpha": 9.0, "s": 0.75, "beta": 15.0}, "week")
MONEY = Spend(5.0, 6.0, 42.0)


def count(score: float, noise: float) -> CountGrade:
    """A grade of 1,000 customers whose scores scatter around a mean."""
    scores = score + noise * np.random.default_rng(1).permutation(np.linspace(-1.0, 1.0, 1000))
    empty = np.zeros(1000)
    return CountGrade(measure([1.0], [1.0]), (), (), (), score, empty, empty, scores, np.ones(1000))


def money(score: float, noise: float = 0.0) -> ValueGrade:
    """The same of value."""
    scores = score + noise * np.linspace(-1.0, 1.0, 1000)
    return ValueGrade(Metrics(1000, 1.0, 1.0, 1.0, 1.0, None, None, None), (), score, scores=scores)


def test_the_total_is_right_where_large_orders_come_from_frequent_buyers_who_stay() -> None:
    plan = StorePlan(behaviour=LAW, spend=MONEY, correlation=Correlation(rate_spend=0.5, dropout_spend=-0.4))
    store = simulate_store(4_000, 2, plan)
    truth = store.truth.customers.expected_value(kp.days(365)).sum()
    summary = kp.summarise(store.orders)
    found = kp.choose_model(store.orders, models=[kp.MBGNBD(), kp.ParetoNBD()], origins=2, season=False)
    assert found.backtest.winner == found.buying.name == "ParetoNBD"
    assert str(found.backtest.value_model).startswith("ParetoNBD+CorrelatedSpend")
    assert found.spending.elasticity_ > 0.1
    assert found.backtest.ranking.why == "with it the orders and their money together are likelier"

    def total(spending: Any) -> float:
        values = kp.lifetime_value(found.buying, spending, summary, kp.days(365), kp.annual_rate(0.0))
        return float(np.sum(values.to_numpy()["clv_predicted_365d"]))

    assert total(found.spending) == pytest.approx(truth, rel=0.04)
    assert total(GammaGamma(include_first=True).fit(summary)) < 0.92 * truth
    store.engine.close()


def laws(monkeypatch: pytest.MonkeyPatch, grades: dict[str, list[CountGrade]], likelier: str) -> Ranking:
    """The ranking after money was asked, which makes one law likelier."""
    monkeypatch.setattr(law_by_money, "_likelihood", lambda _, name: float(name == likelier))
    found = rank(grades, frozenset({"NaiveRate"}))
    origin = type("Opened", (), {"fitted": {name: name for name in grades}})()
    return by_money(origin, found, grades)


def test_money_decides_between_laws_that_forecast_alike_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    alike = {"MBGNBD": [count(1.0, 2.0)], "ParetoNBD": [count(1.02, 0.0)], "NaiveRate": [count(1.5, 0.0)]}
    found = laws(monkeypatch, alike, "ParetoNBD")
    assert (found.winner, found.tied) == ("ParetoNBD", ("MBGNBD",))
    assert found.improvement == pytest.approx(1.0 - 1.02 / 1.5)
    assert laws(monkeypatch, alike, "MBGNBD").winner == "MBGNBD"
    three = laws(monkeypatch, {**alike, "BGNBD": [count(1.01, 0.0)]}, "ParetoNBD")
    assert (three.tied, three.why) == (("MBGNBD", "BGNBD"), f"{found.why} than with MBG/NBD")
    apart = {"MBGNBD": [count(1.0, 0.1)], "ParetoNBD": [count(1.02, 0.0)]}
    assert laws(monkeypatch, apart, "ParetoNBD") == rank(apart, frozenset())
    other = {"NBD": [count(0.5, 0.1)], **alike}
    assert laws(monkeypatch, other, "ParetoNBD").winner == "NBD"
    assert laws(monkeypatch, {"MBGNBD": [count(1.0, 0.1)]}, "MBGNBD").why == "ties go to it"


def test_spend_in_step_stands_in_for_gamma_gamma_unless_it_is_clearly_worse() -> None:
    best = [money(1.0)]
    assert _stands_in([money(1.004)], best, GammaGamma())
    assert not _stands_in([money(1.02)], best, GammaGamma())
    assert _stands_in([money(1.02, noise=2.0)], best, GammaGamma())
    assert not _stands_in([money(0.998)], best, DriftingGammaGamma())
    assert _stands_in([money(0.99)], best, DriftingGammaGamma())
