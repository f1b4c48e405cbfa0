"""Draws of what groups of customers will bring, as many groups as there are customers if need be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from keepers.data.engine import quoted
from keepers.domain.cells import FloatArray
from keepers.valuation.cell_sums import CellSums, cell_sums
from keepers.valuation.equity import chance_of_rows, drawn_totals
from keepers.valuation.parameter_draws import MOST_DRAWS, Draws, draw_parameters
from keepers.valuation.values import Values

_AT_ONCE = 4_000_000
"""Numbers that are held at a time."""


def outcomes_by_group(
    values: Values,
    groups: str,
    expected: FloatArray,
    rng: np.random.Generator,
    draws: int = MOST_DRAWS,
    model_error: float = 0.0,
) -> Iterator[FloatArray]:
    """Draw what the customers of each group will bring within the horizon, some draws at a time.

    A draw has parameters that the data allow, the same for all groups, and chance of its own for each group: a gamma
    number with the model's mean and variance (a normal one where spend may be negative).

    Parameters
    ----------
    values : Values
        With money.
    groups : str
        Table of the engine with `customer_key` and `place`, the number of the customer's group from 0.
    expected : array, shape (groups,)
        What each group is expected to bring.
    rng : Generator
        Of the draws.
    draws : int
        How many.
    model_error : float
        Standard deviation of the relative error of totals that a backtest has found; common to all groups of a draw.

    Yields
    ------
    array, shape (some, groups)
        Some of the draws.
    """
    place = f"INNER JOIN {quoted(groups)} AS place ON place.customer_key = summary.customer_key"
    sums = cell_sums(values, "place.place", place)
    facts = values.facts
    drawn = draw_parameters(facts.buying, facts.spending, rng, draws)
    count = drawn.count - 1 or draws
    orders = drawn.discounted_orders(sums.cells, facts.horizon, facts.discount.continuous(drawn.buying.unit_))
    column = np.array([int(label) for label in sums.groups], dtype=np.int64)
    estimate = _totals(values, sums, drawn, orders, slice(0, 1))[0]
    variance = np.zeros(expected.size)
    variance[column] = sums.by_group(chance_of_rows(values, sums, facts.cells.predictions, facts.horizon))
    shared = 1.0 + model_error * rng.standard_normal(count)
    step = max(1, _AT_ONCE // max(sums.group.size, 1))
    for begin in range(0, count, step):
        rows = slice(1 + begin, 1 + min(begin + step, count))
        relative = np.ones((min(step, count - begin), expected.size))
        if drawn.count > 1:
            found = _totals(values, sums, drawn, orders, rows)
            relative[:, column] = np.divide(found, estimate, out=np.ones_like(found), where=estimate != 0)
        relative *= np.maximum(shared[begin : begin + step], 0.0)[:, None]
        yield _with_chance(expected * relative, variance * relative**2, rng)


def _totals(values: Values, sums: CellSums, drawn: Draws, orders: FloatArray, rows: slice) -> FloatArray:
    assert drawn.spends is not None
    part = replace(drawn, thetas=None if drawn.thetas is None else drawn.thetas[rows], spends=drawn.spends[rows])
    return drawn_totals(values, sums, part, orders[rows])


def _with_chance(mean: FloatArray, variance: FloatArray, rng: np.random.Generator) -> FloatArray:
    found = np.array(mean)
    sure = variance <= 0
    usual = (mean > 0) & ~sure
    found[usual] = rng.gamma(mean[usual] ** 2 / variance[usual]) * variance[usual] / mean[usual]
    rest = ~usual & ~sure
    found[rest] += rng.standard_normal(int(rest.sum())) * np.sqrt(variance[rest])
    return found
