"""Stores in which the models' laws hold exactly give the models their parameters back, through orders and summaries."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

import keepers as kp
from keepers.domain.money import MoneyBasis
from keepers.simulate import Behaviour, Channel, Correlation, Season, Spend, Store, StorePlan, simulate_store
from keepers.simulate.histories import simulate_histories

pytestmark = pytest.mark.statistical

# Rates well below one purchase a day, so that purchases of one day hardly ever merge.
LAWS = {
    "nbd": (kp.NBD, {"r": 0.6, "alpha": 9.0}),
    "bg_nbd": (kp.BGNBD, {"r": 0.6, "alpha": 9.0, "a": 0.8, "b": 2.5}),
    "mbg_nbd": (kp.MBGNBD, {"r": 0.8, "alpha": 9.0, "a": 0.9, "b": 2.0}),
    "pareto_nbd": (kp.ParetoNBD, {"r": 0.8, "alpha": 9.0, "s": 0.7, "beta": 14.0}),
}
SPEND = Spend(p=6.0, q=4.0, gamma=15.0)


def store_of(family: str, customers: int = 12_000, **plan: object) -> Store:
    law = Behaviour(family, LAWS[family][1], "week")
    return simulate_store(
        customers, 17, StorePlan(behaviour=law, spend=SPEND, **plan), start="2025-01-01", end="2026-06-30",
        acquisition_days=300, follow_up=kp.weeks(39),
    )  # fmt: skip


@pytest.mark.parametrize("family", LAWS)
def test_models_find_the_parameters_and_the_future_of_their_own_store(family: str) -> None:
    store = store_of(family)
    summary = kp.summarise(store.orders, kp.ObservationWindow(end=store.last_day, unit="week"))
    model = LAWS[family][0]().fit(summary)
    for name, value in LAWS[family][1].items():
        assert abs(model.parameters_[name] - value) < 4 * model.standard_errors_[name], name
    predicted = model.expected_purchases(summary, kp.weeks(39)).to_numpy()["expected_purchases"]
    truth = store.truth.customers
    assert predicted.sum() == pytest.approx(truth.later_purchases.sum(), rel=0.05)
    assert predicted.sum() == pytest.approx(truth.expected_purchases(kp.weeks(39)).sum(), rel=0.05)


def test_spend_finds_its_parameters() -> None:
    store = store_of("pareto_nbd")
    summary = kp.summarise(store.orders, kp.ObservationWindow(end=store.last_day, unit="week"))
    model = kp.GammaGamma().fit(summary)
    for name in ("p", "q", "gamma"):
        assert abs(model.parameters_[name] - getattr(SPEND, name)) < 4 * model.standard_errors_[name], name


def test_channels_with_laws_of_their_own_are_told_apart() -> None:
    good = Behaviour("bg_nbd", {"r": 1.0, "alpha": 6.0, "a": 0.6, "b": 4.0})
    poor = Behaviour("bg_nbd", {"r": 0.5, "alpha": 12.0, "a": 1.2, "b": 2.0})
    plan = StorePlan(channels=(Channel("good", behaviour=good), Channel("poor", behaviour=poor)), spend=SPEND)
    store = simulate_store(16_000, 3, plan, start="2025-01-01", end="2026-06-30", acquisition_days=200)
    truth = store.truth
    for name, law in (("good", good), ("poor", poor)):
        channel = truth.channels[name]
        rows = truth.customers.channel == list(truth.channels).index(name)
        latents = truth.customers.latents.take(rows)
        assert (
            stats.kstest(latents.rate * 7 * law.parameters["alpha"], "gamma", args=(law.parameters["r"],)).pvalue > 1e-3
        )
        fitted = kp.BGNBD().fit(simulate_histories(law, customers=20_000, T=(40.0, 60.0), seed=2).cells())
        expected = 1 + fitted.expected_purchases_new_customer(kp.weeks(52))
        worth = channel.new_customer_value(kp.weeks(52), basis=MoneyBasis.REVENUE)
        assert worth == pytest.approx(expected * SPEND.mean, rel=0.03)


def test_seasons_change_when_people_buy_but_not_how_much() -> None:
    season = Season(monthly=(0.6, 0.7, 0.8, 0.9, 1.0, 1.0, 0.9, 0.9, 1.0, 1.2, 1.5, 1.5))
    law = Behaviour("nbd", LAWS["nbd"][1])
    start, end = "2024-10-01", "2026-09-30"
    stores = [
        simulate_store(8000, 5, StorePlan(behaviour=law, season=chosen), start=start, end=end, acquisition_days=1)
        for chosen in (None, season)
    ]
    counts = np.array([len(store.tables["orders"]) for store in stores], dtype=float)
    assert counts[1] == pytest.approx(counts[0], rel=0.03)
    months = [
        dict(store.engine.rows(f"SELECT month(day), count(*) FROM {store.tables['orders'].name} GROUP BY 1"))
        for store in stores
    ]
    assert months[1][12] / months[0][12] > 1.35
    assert months[1][1] / months[0][1] < 0.75


def test_correlated_customers_are_worth_more_than_their_means_say() -> None:
    plain, tied = store_of("pareto_nbd"), store_of("pareto_nbd", correlation=Correlation(rate_spend=0.5))
    later = [store.truth.customers for store in (plain, tied)]
    for truth in later:
        value = truth.expected_value(kp.weeks(39), basis=MoneyBasis.REVENUE)
        error = np.sqrt(np.sum((value - truth.later_revenue) ** 2))
        assert abs(value.sum() - truth.later_revenue.sum()) < 4 * error
    mean_order = [truth.later_revenue.sum() / truth.later_purchases.sum() for truth in later]
    assert mean_order[0] == pytest.approx(SPEND.mean, rel=0.05)
    assert mean_order[1] > 1.2 * mean_order[0]


@pytest.mark.parametrize("family", ["bg_nbd", "mbg_nbd", "nbd"])
def test_intervals_hold_the_truth_as_often_as_they_say(family: str) -> None:
    model, law = LAWS[family]
    truth = np.log(list(law.values()))
    inside, fits = np.zeros(truth.size), 60
    for seed in range(fits):
        cells = simulate_histories(family, law, 1500, (30.0, 80.0), seed=seed, whole_days=False).cells()
        fit = model().fit(cells)
        away = (fit.posterior_.mean - truth) / np.sqrt(np.diag(fit.posterior_.covariance))
        inside += np.abs(away) < stats.norm.ppf(0.975)
    # Two standard errors of a share of 95% over 60 fits are nearly six points.
    assert np.all(inside / fits > 0.87)
    assert 0.90 <= inside.mean() / fits <= 0.995
