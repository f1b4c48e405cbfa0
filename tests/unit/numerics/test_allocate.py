"""The multiple-choice knapsack: against every choice there is, its bound, its multiplier, and what cannot be."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from keepers.domain.errors import InputError
from keepers.numerics.allocate import allocate


@pytest.mark.parametrize("seed", range(20))
def test_no_choice_within_the_budget_is_better_than_the_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    value = np.column_stack([np.zeros(6), rng.normal(1.0, 2.0, (6, 3))])
    cost = np.column_stack([np.zeros(6), rng.gamma(2.0, 1.0, (6, 3))])
    budget = float(rng.uniform(0.0, cost.max(axis=1).sum()))
    found = allocate(value, cost, budget)
    rows = np.arange(6)
    best = max(
        value[rows, list(choice)].sum()
        for choice in itertools.product(range(4), repeat=6)
        if cost[rows, list(choice)].sum() <= budget
    )
    assert found.spent <= budget + 1e-9
    assert found.value <= best + 1e-9 <= found.bound + 2e-9
    # The gap is at most one step of one row.
    assert best - found.value <= found.gap + 1e-9 <= np.ptp(value, axis=1).max() + 2e-9


def test_every_row_prefers_its_option_at_the_multiplier() -> None:
    rng = np.random.default_rng(1)
    value = np.column_stack([np.zeros(2000), rng.normal(0.5, 2.0, (2000, 2))])
    cost = np.column_stack([np.zeros(2000), rng.gamma(2.0, 1.0, (2000, 2))])
    found = allocate(value, cost, 700.0)
    reduced = value - found.multiplier * cost
    short = reduced.max(axis=1) - reduced[np.arange(2000), found.choice]
    assert short.max() < 1e-9
    assert found.gap < 10.0
    more = allocate(value, cost, 701.0)
    assert more.bound - found.bound == pytest.approx(found.multiplier, rel=0.01)


def test_without_a_budget_each_row_takes_its_best_and_of_equals_the_cheapest() -> None:
    found = allocate([[0.0, 2.0, 2.0], [0.0, -1.0, -2.0]], [[0.0, 3.0, 1.0], [0.0, 1.0, 1.0]])
    assert found.choice.tolist() == [2, 0]
    assert (found.multiplier, found.gap) == (0.0, 0.0)


def test_equal_steps_are_counted_and_earlier_rows_served() -> None:
    found = allocate([[0.0, 1.0]] * 4, [[0.0, 1.0]] * 4, 2.0)
    assert found.choice.tolist() == [1, 1, 0, 0]
    assert found.tied == 2


def test_what_cannot_be_is_named() -> None:
    with pytest.raises(InputError, match="cheapest options cost"):
        allocate([[1.0, 2.0]], [[5.0, 6.0]], 1.0)
    with pytest.raises(InputError, match="zero or more"):
        allocate([[1.0, 2.0]], [[-1.0, 6.0]])
    with pytest.raises(InputError, match="one shape"):
        allocate([[1.0, 2.0]], [[1.0]])
