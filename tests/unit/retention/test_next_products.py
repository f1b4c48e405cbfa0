"""The next product: chosen where choosing foretells, a best-seller where not, proven by an experiment alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

from keepers.data.engine import Engine, quoted
from keepers.data.orders import Orders
from keepers.data.table import Table
from keepers.domain.columns import ORDERS, REFUNDS
from keepers.domain.errors import InputError
from keepers.domain.time import days
from keepers.retention.effects import offer_effects
from keepers.retention.next_products import NextProducts, next_products
from keepers.retention.offers import choose_offers
from keepers.retention.trials import offers_of, trial_of
from keepers.simulate import Behaviour, Experiment, Offer, Spend, StorePlan, simulate_store
from keepers.simulate.catalogue import Article, Catalogue, Category
from keepers.simulate.store import Store
from keepers.summaries.features import features_at

NAMES = ("Tea", "Pots", "Linen", "Sweets")
PRICES = (10.0, 14.0, 20.0, 27.0)


def catalogue(loyalty: float) -> Catalogue:
    """Four categories of four articles at the same prices."""
    return Catalogue(
        tuple(
            Category(name, 0.5, tuple(Article(f"{name}-{n}", f"{name} {n}", price) for n, price in enumerate(PRICES)))
            for name in NAMES
        ),
        lines=1.5,
        loyalty=loyalty,
    )


def plan(loyalty: float, *experiments: Experiment) -> StorePlan:
    return StorePlan(
        behaviour=Behaviour("pareto_nbd", {"r": 2.0, "alpha": 8.0, "s": 0.5, "beta": 60.0}, "week"),
        spend=Spend(8.0, 8.0, 30.0),
        catalogue=catalogue(loyalty),
        people=True,
        experiments=experiments,
    )


@cache
def shop(loyalty: float = 0.8) -> Store:
    return simulate_store(900, 1, plan(loyalty))


@cache
def found(loyalty: float = 0.8) -> NextProducts:
    return next_products(shop(loyalty))


@dataclass
class Earlier:
    """A shop as it was on a day."""

    engine: Engine
    tables: dict[str, Table]
    orders: Orders


def until(store: Store, day: dt.date) -> Earlier:
    engine = store.engine
    tables: dict[str, Table] = {
        name: Table(
            engine,
            engine.create(
                engine.new_name(name), f"SELECT * FROM {quoted(store.tables[name].name)} WHERE day <= DATE '{day}'"
            ),
        )
        for name in ("orders", "order_lines")
    }
    orders = Orders(engine, tables["orders"].name, currency="USD", has_contribution=True)
    return Earlier(engine, {**tables, "orders": orders}, orders)


def test_each_customer_has_their_own_where_that_foretells_and_the_best_seller_where_not() -> None:
    own, same = found(), found(0.0)
    assert own.personal.ships
    assert not same.personal.ships
    assert len(set(own.item.tolist())) > 8
    sold = np.bincount(same.item[same.item >= 0], minlength=16)
    assert sold.max() > 0.4 * sold.sum()
    assert np.nanmean(own.lift) > 1.15
    assert np.nanmean(same.lift) == pytest.approx(1.0, abs=0.1)


def test_nobody_is_offered_what_they_have_and_kinds_are_what_they_say() -> None:
    made, store = found(), shop()
    rows = store.engine.rows(
        "SELECT line.customer_key, line.product, line.category, max(line.unit_price) FROM "
        f"({store.tables['order_lines'].sql}) AS line GROUP BY ALL"
    )
    had: dict[str, dict[str, tuple[str, float]]] = {}
    for key, product, category, price in rows:
        had.setdefault(key, {})[product] = (category, float(price))
    for key, item, kind in zip(made.keys, made.item, made.kind, strict=True):
        if item < 0:
            assert len(had[key]) == 16
            continue
        one = made.items[item]
        assert one.name not in had[key]
        prices = [price for category, price in had[key].values() if category == one.category]
        expected = "cross-sell" if not prices else "upgrade" if one.price > max(prices) else "another"
        assert kind == expected


def test_whoever_gave_everything_back_is_recommended_nothing() -> None:
    store = shop()
    whole = until(store, store.orders.last_day)
    engine, orders = store.engine, whole.tables["orders"].name
    (who,) = engine.row(f"SELECT max(customer_key) FROM {quoted(orders)}")
    both = [c.name if c.name in ORDERS.column_names else "NULL" for c in REFUNDS.columns]
    listed = ", ".join(f"{of}::{c.type} AS {c.name}" for of, c in zip(both, REFUNDS.columns, strict=True))
    given_back = Table(
        engine,
        engine.create(
            engine.new_name("given_back"), f"SELECT {listed} FROM {quoted(orders)} WHERE customer_key = '{who}'"
        ),
    )
    after = Orders(engine, orders, refunds=given_back, currency="USD", has_contribution=True)
    made = next_products(Earlier(engine, {**whole.tables, "orders": after, "refunds": given_back}, after))
    assert (who in found().keys, who in made.keys, found().keys.size - made.keys.size) == (True, False, 1)


def test_what_is_expected_anyway_is_what_came() -> None:
    store = shop()
    cut = store.orders.last_day - dt.timedelta(days=90)
    then = next_products(until(store, cut), horizon=days(90))
    assert then.horizon == days(90)
    later = store.engine.rows(
        "SELECT customer_key, product, sum(CAST(amount AS DOUBLE) - unit_cost * quantity) FROM "
        f"({store.tables['order_lines'].sql}) AS line WHERE day > DATE '{cut}' GROUP BY ALL"
    )
    came = {(key, product): float(worth) for key, product, worth in later}
    got = [
        came.get((key, then.items[item].name), 0.0)
        for key, item in zip(then.keys.tolist(), then.item.tolist(), strict=True)
        if item >= 0
    ]
    error = float(np.std(got)) * len(got) ** 0.5
    assert abs(float(np.nansum(then.expected_anyway)) - sum(got)) < 2.5 * error
    assert sum(got) > 8 * error


def test_an_experiment_with_products_proves_and_one_without_does_not() -> None:
    offer = Offer("Tea 3", lift=0.6, cost_per_contact=0.2)
    store = simulate_store(900, 3, plan(0.8, Experiment("tell them", (offer,), day=80, days=75)))
    effects = offer_effects(trial_of(store), learner="splines")
    today = features_at(store, store.orders.last_day)
    made = next_products(store, tested=[choose_offers(effects, customers=today)])
    assert made.experiment is not None
    chosen = made.experiment.arm > 0
    assert made.proven.sum() == chosen.sum() > 0
    columns = made.to_columns()
    assert set(columns["next_product"][made.proven]) == {"Tea 3"}
    assert (columns["evidence"][made.proven] == "experimental").all()
    assert (columns["evidence"][~made.proven & (made.item >= 0)] == "predictive").all()
    assert np.isfinite(made.expected_gain[made.proven]).all()
    assert np.isnan(made.expected_gain[~made.proven]).all()
    assert 0 < made.held_out.sum() < made.proven.sum()
    assert offers_of(store) == {"tell them": ("Tea 3",)}
    other = simulate_store(300, 3, plan(0.8, Experiment("tell them", (Offer("postcard"),), day=80, days=75)))
    assert next_products(other).experiment is None


def test_a_plan_and_a_price_of_recommending() -> None:
    made = found()
    assert made.plan is not None
    mean = float(np.nanmean(made.expected_anyway))
    assert made.break_even(0.1 * mean) == pytest.approx(0.1)


def test_orders_without_products_or_time_are_named() -> None:
    frame = {"who": ["a", "b"], "on": ["2024-01-01", "2024-05-01"], "paid": [3.0, 4.0]}
    orders = Orders.from_frame(frame, customer="who", date="on", amount="paid")
    with pytest.raises(InputError, match="fewer than two products"):
        next_products(orders)
    store = shop()
    with pytest.raises(InputError, match="at least 42 are needed"):
        next_products(until(store, store.orders.first_day + dt.timedelta(days=40)))
