"""Made histories that a model is tried on: an ordinary store, and every kind of business that is not ordinary."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from keepers.domain.cells import Cells, FloatArray
from keepers.domain.time import TimeUnit
from keepers.numerics.special import digamma


def cells(x: ArrayLike, t_x: ArrayLike, T: ArrayLike, weight: ArrayLike = 1.0) -> Cells:
    """Cells in weeks from columns or single numbers, one row a history."""
    counts = np.asarray(x, dtype=float)
    last, age, customers = (np.array(np.broadcast_to(np.asarray(c, float), counts.shape)) for c in (t_x, T, weight))
    return Cells(counts, last, age, customers, TimeUnit.WEEK, customers * _log_gaps(counts, last))


def repeated(histories: Cells, times: int) -> Cells:
    """Every history so many times in turn, as rows of their own."""
    return histories.take(np.repeat(np.arange(histories.size), times))


def store(customers: int, seed: int = 1) -> Cells:
    """Customers who buy at most once a week and leave between weeks, ages 12 to 80 whole weeks.

    Whole weeks with at most one purchase each are histories for models of continuous time and of opportunities alike.
    """
    rng = np.random.default_rng(seed)
    ages = rng.integers(12, 81, customers)
    buys, leaves = rng.beta(0.9, 9.0, customers), rng.beta(0.8, 9.0, customers)
    stays = np.minimum(rng.geometric(leaves) - 1, ages)
    week = np.arange(1, 81)
    bought = (rng.random((customers, 80)) < buys[:, None]) & (week <= stays[:, None])
    x = bought.sum(axis=1)
    t_x = np.where(x > 0, 80 - np.argmax(bought[:, ::-1], axis=1), 0)
    return cells(x, t_x, ages).merged()


def asked() -> Cells:
    """The histories that questions are put to: new, silent, occasional, frequent, long gone."""
    x = [0.0, 0.0, 1.0, 1.0, 3.0, 7.0, 26.0, 30.0]
    t_x = [0.0, 0.0, 2.0, 38.0, 35.0, 12.0, 30.0, 38.0]
    T = [5.0, 39.0, 38.0, 39.0, 36.0, 39.0, 31.0, 39.0]
    return cells(x, t_x, T)


def businesses() -> dict[str, Cells]:
    """Stores that a fit must answer in words: few customers, nobody back, nobody gone, very heavy buyers."""
    return {
        "fifty customers": store(50),
        "one-time buyers only": cells(np.zeros(8), 0.0, np.arange(1.0, 80.0, 10.0), 10.0),
        "a hundred thousand one-time buyers": cells([0.0], 0.0, 30.0, 1e5),
        "one customer": cells([3.0], 20.0, 26.0),
        "one customer who bought once": cells([0.0], 0.0, 12.0),
        "first purchases on the last day": cells([0.0], 0.0, 0.0, 40.0),
        "all alive": cells(np.arange(1.0, 10.0), 40.0, 40.0, 33.0),
        "regular heavy buyers": cells([52.0], 52.0, 52.0, 200.0),
        "thousands of purchases": cells([5000.0, 4000.0, 0.0, 3.0], [6000.0, 5000.0, 0.0, 50.0], 7000.0),
        "everybody left at once": cells([1.0], 1.0, 50.0, 1000.0),
    }


def crowded() -> Cells:
    """Histories with many purchases a week, which only models of continuous time can see."""
    return cells([5000.0, 4000.0, 0.0, 3.0], [199.0, 100.0, 0.0, 50.0], 200.0)


def orders_of(histories: Cells, end: str = "2024-06-30") -> dict[str, list[object]]:
    """A frame of orders (`customer`, `day`, `amount`) whose summary in weeks at `end` has these histories.

    The purchases between the first and the last follow the first one week by week, as `weekly` says.
    """
    last = np.datetime64(end)
    who: list[object] = []
    when: list[object] = []
    for row, (x, t_x, T) in enumerate(zip(*_columns(histories), strict=True)):
        first = last - np.timedelta64(round(T * 7), "D")
        between = [first + np.timedelta64(7 * step, "D") for step in range(1, int(x))]
        days = [first, *between, *([first + np.timedelta64(round(t_x * 7), "D")] if x > 0 else [])]
        who += [f"c{row:03}"] * len(days)
        when += [str(day) for day in days]
    return {"customer": who, "day": when, "amount": [10.0] * len(who)}


def _log_gaps(x: FloatArray, t_x: FloatArray) -> FloatArray:
    """Sum of the logarithms of a customer's times between purchases as it is on average where these fall at random."""
    counts = np.maximum(x, 1.0)
    return np.where(x > 0, x * (np.log(np.where(x > 0, t_x, 1.0)) + digamma(np.ones(1)) - digamma(counts)), 0.0)


def weekly(histories: Cells) -> Cells:
    """The same histories with the times between purchases that `orders_of` gives them."""
    last = np.where(histories.x > 0, histories.t_x - np.maximum(histories.x - 1.0, 0.0), 1.0)
    return replace(histories, log_gaps=histories.weight * np.log(last))


def _columns(histories: Cells) -> tuple[FloatArray, FloatArray, FloatArray]:
    return histories.x, histories.t_x, histories.T


NEW = cells([0.0], 0.0, 0.0)
"""A customer who made the first purchase now."""
