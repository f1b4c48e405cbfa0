"""Baskets are worth what orders are worth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepers.domain.errors import ConfigError
from keepers.simulate.catalogue import Catalogue, Category, fill_baskets, spread
from keepers.simulate.shop import CATALOGUE


def targets(count: int = 60_000) -> np.ndarray:
    return np.random.default_rng(1).gamma(3.0, 1400.0, count) + 700.0


def test_list_prices_are_right_on_average_at_every_size_of_order() -> None:
    goal = targets()
    favourite = np.random.default_rng(2).integers(0, len(CATALOGUE.categories), goal.size)
    made = fill_baskets(CATALOGUE, goal, favourite, np.random.default_rng(3))
    worth = np.bincount(made.order, made.amount, goal.size)
    assert np.all(worth > 0)
    assert worth.sum() / goal.sum() == pytest.approx(1.0, abs=0.004)
    for low in (1500, 3000, 6000):
        some = (goal > low) & (goal <= 2 * low)
        assert worth[some].sum() / goal[some].sum() == pytest.approx(1.0, abs=0.015)
    assert np.array_equal(made.amount, made.quantity * CATALOGUE.prices[made.article])
    assert np.array_equal(made.cost, made.quantity * CATALOGUE.costs[made.article])
    assert len(np.unique(made.order * 1000 + made.article)) == made.order.size  # an article once an order


def test_margins_are_those_of_the_favourite_category() -> None:
    goal = targets()
    favourite = np.zeros(goal.size, dtype=np.int64)
    made = fill_baskets(CATALOGUE, goal, favourite, np.random.default_rng(3))
    margin = 1 - made.cost.sum() / made.amount.sum()
    assert margin == pytest.approx(CATALOGUE.margin_rates(favourite)[0], abs=0.004)


def test_scaled_prices_are_right_to_the_cent() -> None:
    goal = targets(5000)
    scaled = replace(CATALOGUE, list_prices=False)
    made = fill_baskets(scaled, goal, np.zeros(goal.size, dtype=np.int64), np.random.default_rng(3))
    assert np.array_equal(np.bincount(made.order, made.amount, goal.size), np.round(goal))


@given(st.lists(st.lists(st.integers(1, 9000), min_size=1, max_size=5), min_size=1, max_size=6), st.data())
def test_spreading_loses_no_cent(orders: list[list[int]], data: st.DataObject) -> None:
    order = np.repeat(np.arange(len(orders)), [len(lines) for lines in orders])
    weight = np.concatenate(orders)
    total = np.array([data.draw(st.integers(0, sum(lines))) for lines in orders])
    parts = spread(order, weight, total)
    assert np.array_equal(np.bincount(order, parts, len(orders)), total)
    assert np.all(parts >= 0)
    assert np.all(np.abs(parts - weight * (total / np.bincount(order, weight))[order]) <= 1.0 + 1e-9)


def test_an_empty_shelf_is_refused() -> None:
    with pytest.raises(ConfigError, match="at least one article"):
        Catalogue((Category("nothing", 0.5, ()),))
