"""Offers chosen from a simulated experiment against an oracle who knows what each offer does to each customer."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from keepers.domain.cells import FloatArray, IntArray
from keepers.retention.effects import OfferEffects, offer_effects
from keepers.retention.learners import Learner
from keepers.retention.offers import choose_offers
from keepers.retention.trials import trial_of
from keepers.simulate import Behaviour, Experiment, Offer, Spend, StorePlan, simulate_store
from keepers.simulate.shop import CATALOGUE

GIFT = Experiment("gift", (Offer("gift", lift=0.05, by_loyalty=0.4, cost_per_contact=30.0),), day=90, days=85)
"""A dear gift: it pays with those who buy often and is lost on the others; for everybody it is worth little."""
PLAN = StorePlan(
    behaviour=Behaviour("pareto_nbd", {"r": 1.0, "alpha": 4.0, "s": 0.3, "beta": 200.0}, "week"),
    spend=Spend(12.0, 8.0, 30.0),
    catalogue=CATALOGUE,
    experiments=(GIFT,),
    people=True,
)


WEAK = Experiment("gift", (Offer("gift", lift=0.02, by_loyalty=0.1, cost_per_contact=5.0),), day=90, days=85)
"""One whose effects are a quarter of these, so that few customers cannot show them."""


@cache
def run(
    customers: int, seed: int, experiment: Experiment = GIFT, learner: Learner = "auto"
) -> tuple[OfferEffects, FloatArray]:
    """Effects learned from orders alone, and the true gain of each arm for the same customers."""
    plan = replace(PLAN, experiments=(experiment,))
    store = simulate_store(customers, seed, plan, acquisition_days=600)
    truth = store.truth.offers["gift"]
    effects = offer_effects(trial_of(store, days=85), learner=learner)
    order = np.argsort(store.truth.customers.keys[truth.customer])
    return effects, truth.gain[order]


def regret(gain: FloatArray, arm: IntArray) -> float:
    """What the choice earns less than the oracle, in parts of the range from the best single action to the oracle."""
    oracle, best = gain.max(axis=1).mean(), gain.mean(axis=0).max()
    return float((oracle - gain[np.arange(len(gain)), arm].mean()) / (oracle - best))


def test_six_thousand_customers_are_enough_for_a_tenth_of_the_range() -> None:
    effects, gain = run(6000, 1)
    choice = choose_offers(effects, hold_out=0.0)
    assert choice.verdict.ships
    assert regret(gain, choice.arm) < 0.10
    truly = gain[np.arange(len(gain)), choice.arm].mean()
    assert choice.low_a_customer < truly < choice.high_a_customer
    (mean,) = effects.mean_effects(0.99)
    assert mean.low < gain[:, 1].mean() < mean.high
    assert gain[choice.leave_alone, 1].mean() < 0 < gain[~choice.leave_alone, 1].mean()


def test_of_two_opposite_offers_each_customer_gets_the_right_one() -> None:
    """A coupon for those who buy seldom, a dear gift for those who buy often: one for all is worth next to nothing."""
    opposite = Experiment(
        "gift",
        (Offer("coupon", lift=0.25, by_loyalty=-0.3, discount=0.1), *GIFT.offers),
        day=90,
        days=85,
    )
    effects, gain = run(5000, 2, opposite, "splines")
    choice = choose_offers(effects, hold_out=0.0)
    assert choice.verdict.ships
    assert regret(gain, choice.arm) < 0.10
    truly = gain[np.arange(len(gain)), choice.arm].mean()
    assert choice.low_a_customer < truly < choice.high_a_customer


def test_too_small_an_experiment_does_not_pass_the_gate() -> None:
    effects, _ = run(150, 3, WEAK)
    choice = choose_offers(effects)
    assert not choice.verdict.ships
    assert not choice.arm.any()
    assert "Everybody gets" in choice.verdict.sentence("EUR")


def test_an_experiment_read_from_a_store_is_the_one_that_was_run() -> None:
    store = simulate_store(400, 5, PLAN, acquisition_days=600)
    truth, trial = store.truth.offers["gift"], trial_of(store, "gift", days=85)
    order = np.argsort(store.truth.customers.keys[truth.customer])
    assert trial.keys.tolist() == store.truth.customers.keys[truth.customer][order].tolist()
    assert trial.arm.tolist() == truth.arm[order].tolist()
    assert trial.chance == pytest.approx(np.full(trial.size, 0.5))
    assert trial.outlay.sum() == pytest.approx(30.0 * (truth.arm == 1).sum())
    bought = store.engine.row(
        "SELECT sum(orders.contribution) FROM "
        f"({store.orders.sql}) AS orders JOIN ({store.tables['treatments'].sql}) AS offered "
        "ON offered.customer_key = orders.customer_key WHERE orders.counted AND orders.day >= offered.day "
        "AND date_diff('day', offered.day, orders.day) < 85"
    )[0]
    assert trial.outcome.sum() + 30.0 * (truth.arm == 1).sum() == pytest.approx(float(bought))
