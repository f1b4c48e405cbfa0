"""Experiments are randomised, and do to customers what the truth says."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from keepers.domain.errors import ConfigError
from keepers.simulate import Experiment, Offer, Store, StorePlan, simulate_store
from keepers.simulate.demo import PLAN

OFFERS = (
    Offer("more", lift=0.6, by_coupon_use=0.3, discount=0.1, cost_per_contact=0.5),
    Offer("less", lift=-0.5, spread=0.1, cost_per_order=1.0),
)


@pytest.fixture(scope="module")
def store() -> Store:
    plan = StorePlan(
        channels=(PLAN.channels[0],),
        catalogue=PLAN.catalogue,
        season=PLAN.season,
        people=True,
        experiments=(Experiment("trial", OFFERS, day=120, days=90, shares=(0.3, 0.2)),),
    )
    return simulate_store(40_000, 3, plan)


def test_arms_are_drawn_with_their_probabilities_and_by_nothing_else(store: Store) -> None:
    truth = store.truth.offers["trial"]
    share = np.bincount(truth.arm) / truth.arm.size
    assert share == pytest.approx([0.5, 0.3, 0.2], abs=0.01)
    rate = store.truth.customers.latents.rate[truth.customer]
    assert stats.kruskal(*(rate[truth.arm == arm] for arm in range(3))).pvalue > 1e-3
    logged = store.engine.rows(
        f"SELECT offer, count(*), min(propensity), max(propensity) FROM {store.tables['treatments'].name} GROUP BY 1"
    )
    expected = {"control": 0.5, "more": 0.3, "less": 0.2}
    for name, count, low, high in logged:
        assert low == high == pytest.approx(expected[name])
        assert count == int(np.sum(truth.arm == ("control", "more", "less").index(name)))


def test_purchases_of_each_arm_are_as_many_as_the_truth_expects(store: Store) -> None:
    truth = store.truth.offers["trial"]
    for arm in range(3):
        mine = truth.arm == arm
        seen, expected = truth.purchases[mine], truth.expected_purchases[mine, arm]
        error = np.sqrt(np.sum((seen - expected) ** 2))
        assert abs(seen.sum() - expected.sum()) < 4 * error
    assert np.all(truth.effect[:, 0] == 0)
    assert (truth.effect[:, 2] < 0).mean() > 0.99
    assert truth.effect[:, 1].min() >= -0.9


def test_orders_in_the_data_are_those_of_the_truth(store: Store) -> None:
    truth = store.truth.offers["trial"]
    end = store.truth.customers.end
    rows = store.engine.rows(
        f"""SELECT CAST(substr(customer_key, 2) AS INTEGER) - 1, count(*) FROM {store.tables["orders"].name}
            WHERE day >= ? AND day < ? GROUP BY 1""",
        [store.truth.customers.tempo.dates(np.array([end - 120]))[0].item(),
         store.truth.customers.tempo.dates(np.array([end - 30]))[0].item()],
    )  # fmt: skip
    counted = np.zeros(store.truth.customers.size, dtype=int)
    for customer, count in rows:
        counted[customer] = count
    assert np.array_equal(counted[truth.customer], truth.purchases)


def test_gains_are_in_money_after_discount_and_cost(store: Store) -> None:
    truth, worth = store.truth.offers["trial"], store.truth.customers.worth
    gain = truth.gain
    assert np.all(gain[:, 0] == 0)
    spend, margin = worth.mean_spend[truth.customer], worth.margin_rate[truth.customer]
    usual = truth.expected_purchases[:, 0]
    by_hand = truth.expected_purchases[:, 1] * spend * (margin - 0.1) - 0.5 - usual * spend * margin
    assert gain[:, 1] == pytest.approx(by_hand)
    assert set(np.unique(truth.best_arm)) <= {0, 1}
    assert 0 < (gain[:, 1] > 0).mean() < 1
    bought = store.engine.row(
        f"""SELECT avg(o.discount / (o.amount + o.discount)) FROM {store.tables["orders"].name} o
            WHERE o.discount_code = 'more'"""
    )[0]
    assert bought == pytest.approx(0.1, abs=0.001)


def test_offers_leave_everything_before_them_as_it_was(store: Store) -> None:
    plain = simulate_store(40_000, 3, StorePlan(**{**store.plan.__dict__, "experiments": ()}))
    begin = store.truth.customers.tempo.dates(np.array([store.truth.customers.end - 120]))[0].item()
    found = [
        one.engine.row(
            f"SELECT count(*), sum(hash(customer_key, occurred_at)) FROM {one.tables['orders'].name} WHERE day < ?",
            [begin],
        )
        for one in (store, plain)
    ]
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Experiment("x", (), day=10), "has no offers"),
        (lambda: Experiment("x", OFFERS, day=10, shares=(0.6, 0.5)), "leaves a control"),
    ],
)
def test_impossible_experiments_are_refused(make: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        make()  # type: ignore[operator]


def test_an_experiment_outside_the_store_is_refused() -> None:
    plan = StorePlan(people=True, experiments=(Experiment("x", OFFERS, day=5000),))
    with pytest.raises(ConfigError, match="5000 days before the end"):
        simulate_store(50, 1, plan)
